-- Who may see and add what in a committee's PostgreSQL database. The software runs this as the owner of the tables,
-- in one transaction, whenever they hold an older version of it; running it again changes nothing.
-- A login of the database belongs to the account of the same name. What the account may do is what the store's log
-- says of it: no role of the server says it a second time. {schema}, {lock} and the like are filled in by rights.py.

-- ---- What the rights rest on: derived from the events, never more than they say ----

ALTER TABLE events ADD COLUMN IF NOT EXISTS login text NOT NULL DEFAULT '';
CREATE TABLE IF NOT EXISTS hcc_accounts (name text PRIMARY KEY, roles text[] NOT NULL, active boolean NOT NULL);
CREATE TABLE IF NOT EXISTS hcc_reads (
    read_id text PRIMARY KEY, subject text NOT NULL, reader text NOT NULL, kind text NOT NULL, signed boolean NOT NULL
);
CREATE INDEX IF NOT EXISTS hcc_reads_of_subject ON hcc_reads (subject, reader);
-- account: whose password's hash and locked key it is; empty for contours and profiles.
CREATE TABLE IF NOT EXISTS hcc_blobs (
    sha256 text NOT NULL, read_id text NOT NULL, account text NOT NULL, PRIMARY KEY (sha256, read_id, account)
);
REVOKE ALL ON hcc_accounts, hcc_reads, hcc_blobs FROM PUBLIC;

-- Whether the latest word on a time point is its author's signature.
CREATE OR REPLACE FUNCTION hcc_is_locked(wanted text, point text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT coalesce((
        SELECT action = 'signed' FROM (
            SELECT sequence, action, payload::jsonb AS said FROM events
            WHERE read_id = wanted AND action IN ('signed', 'amended') OFFSET 0
        ) AS e
        WHERE CASE action
            WHEN 'signed' THEN said->>'meaning' = 'authorship' AND said->>'time_point' = point
            ELSE said->>'time_point' = point OR said->'later' ? point END
        ORDER BY sequence DESC LIMIT 1), false)
$$;

-- Whether a read is signed to its end, or closed for good.
CREATE OR REPLACE FUNCTION hcc_is_signed(wanted text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM events WHERE read_id = wanted AND action IN ('closed', 'adjudicated'))
        OR coalesce((
            SELECT bool_and(hcc_is_locked(wanted, point->>'name'))
            FROM jsonb_array_elements((
                SELECT payload::jsonb #> '{study,timepoints}' FROM events
                WHERE read_id = wanted AND action = 'study' ORDER BY sequence DESC LIMIT 1
            )) AS point), false)
$$;

-- Take in what one event says of accounts and reads.
CREATE OR REPLACE FUNCTION hcc_take_in(e events) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
DECLARE
    said jsonb;
    named text[];
BEGIN
    IF e.read_id <> 'store' THEN
        IF e.action IN ('study', 'signed', 'amended', 'closed', 'adjudicated') THEN
            UPDATE hcc_reads SET signed = hcc_is_signed(e.read_id) WHERE read_id = e.read_id;
        END IF;
        RETURN;
    END IF;
    IF e.action NOT LIKE 'account-%' AND e.action <> 'assigned' THEN
        RETURN;
    END IF;
    said := e.payload::jsonb;
    named := ARRAY(SELECT jsonb_array_elements_text(said->'roles'));
    IF e.action = 'account-added' THEN
        INSERT INTO hcc_accounts VALUES (said->>'name', named, true)
            ON CONFLICT (name) DO UPDATE SET roles = named, active = true;
    ELSIF e.action = 'account-roles' THEN
        UPDATE hcc_accounts SET roles = named WHERE name = said->>'name';
    ELSIF e.action IN ('account-disabled', 'account-enabled') THEN
        UPDATE hcc_accounts SET active = e.action = 'account-enabled' WHERE name = said->>'name';
    ELSIF e.action = 'assigned' THEN
        INSERT INTO hcc_reads VALUES (said->>'read_id', said->>'subject', said->>'reader', said->>'kind',
                hcc_is_signed(said->>'read_id'))
            ON CONFLICT (read_id) DO UPDATE SET reader = EXCLUDED.reader;
    END IF;
END $$;

-- The blobs that one event names; events of the first version name theirs in the payload.
CREATE OR REPLACE FUNCTION hcc_named(e events) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT key FROM regexp_split_to_table(
        CASE WHEN e.format = 1 THEN substring(e.payload FROM '"mask": "([0-9a-f]{64})"') ELSE e.contours END, ' '
    ) AS key WHERE key <> ''
$$;

CREATE OR REPLACE FUNCTION hcc_note_blobs(e events) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, {schema}, pg_temp AS $$
    INSERT INTO hcc_blobs
    SELECT key, e.read_id, CASE WHEN e.read_id = 'store' AND e.action LIKE 'account-%'
        THEN coalesce(e.payload::jsonb->>'name', '') ELSE '' END
    FROM hcc_named(e) AS key ON CONFLICT DO NOTHING
$$;

-- ---- What an event gets on its way in, whoever adds it ----

CREATE OR REPLACE FUNCTION hcc_stamp() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
BEGIN
    NEW.login := session_user;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION hcc_noted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
BEGIN
    PERFORM hcc_note_blobs(NEW), hcc_take_in(NEW);
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS hcc_stamp ON events;
CREATE TRIGGER hcc_stamp BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION hcc_stamp();
DROP TRIGGER IF EXISTS hcc_noted ON events;
CREATE TRIGGER hcc_noted AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION hcc_noted();

-- ---- What a login may see ----

-- Whether the login has an account, disabled or not.
CREATE OR REPLACE FUNCTION hcc_has_account() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM hcc_accounts WHERE name = session_user)
$$;

-- Managers and auditors see every event.
CREATE OR REPLACE FUNCTION hcc_sees_everything() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM hcc_accounts WHERE name = session_user AND active AND roles && ARRAY['manager', 'auditor'])
$$;

-- Everybody else: the own reads; an adjudicator signed reads of subjects that this person does not read, or has read
-- as their adjudicator to the end.
CREATE OR REPLACE FUNCTION hcc_may_see(wanted text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp AS $$
DECLARE
    me hcc_accounts;
    one hcc_reads;
BEGIN
    SELECT * INTO me FROM hcc_accounts WHERE name = session_user;
    IF me.name IS NULL OR wanted = 'store' OR NOT me.active OR me.roles && ARRAY['manager', 'auditor'] THEN
        RETURN me.name IS NOT NULL AND (wanted = 'store' OR me.active);
    END IF;
    SELECT * INTO one FROM hcc_reads WHERE read_id = wanted;
    IF one.reader = me.name THEN
        RETURN me.roles && ARRAY['reader', 'adjudicator'];
    END IF;
    RETURN coalesce(one.signed, false) AND 'adjudicator' = ANY (me.roles) AND NOT EXISTS (
        SELECT 1 FROM hcc_reads AS own WHERE own.subject = one.subject AND own.reader = me.name
            AND NOT (own.kind = 'adjudication' AND own.signed));
END $$;

-- The store's log and the reads of which a login sees events, without looking at every event.
CREATE OR REPLACE FUNCTION hcc_reads_seen() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT 'store' WHERE hcc_has_account()
    UNION ALL SELECT read_id FROM hcc_reads WHERE hcc_may_see(read_id)
$$;

-- A password's hash and locked key only for the person whose they are; the rest with the reads that name it.
CREATE OR REPLACE FUNCTION hcc_may_have(wanted text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM hcc_blobs WHERE sha256 = wanted AND CASE
            WHEN account <> '' THEN account = session_user
            WHEN read_id = 'store' THEN hcc_sees_everything()
            ELSE hcc_may_see(read_id) END)
$$;

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS hcc_seen ON events;
CREATE POLICY hcc_seen ON events FOR SELECT USING (CASE
    WHEN read_id = 'store' THEN (SELECT hcc_has_account())
    WHEN (SELECT hcc_sees_everything()) THEN true
    ELSE hcc_may_see(read_id) END);
ALTER TABLE blobs ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS hcc_seen ON blobs;
CREATE POLICY hcc_seen ON blobs FOR SELECT USING (hcc_may_have(sha256));

-- How far each read is: a copy for those who see everything, who also keep it up to date.
ALTER TABLE standings ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS hcc_everything ON standings;
CREATE POLICY hcc_everything ON standings
    USING ((SELECT hcc_sees_everything())) WITH CHECK ((SELECT hcc_sees_everything()));

-- ---- What a login may add ----

-- A text as Python's json.dumps writes it.
CREATE OR REPLACE FUNCTION hcc_json(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, {schema}, pg_temp AS $$
DECLARE
    written text := to_json(value)::text;
    one text;
    code integer;
BEGIN
    FOR one IN SELECT DISTINCT hit[1] FROM regexp_matches(written, '[^ -~]', 'g') AS hit LOOP
        code := ascii(one);
        written := replace(written, one, CASE
            WHEN code < 65536 THEN '\u' || lpad(to_hex(code), 4, '0')
            ELSE '\u' || to_hex(55296 + (code - 65536) / 1024) || '\u' || to_hex(56320 + (code - 65536) % 1024) END);
    END LOOP;
    RETURN written;
END $$;

CREATE OR REPLACE FUNCTION hcc_hash(e events) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, {schema}, pg_temp AS $$
    SELECT encode(sha256(convert_to('[' || concat_ws(', ', {covered}) || ']', 'UTF8')), 'hex')
$$;

-- Number and hash of the last event of the store, and of a read that the login may see.
CREATE OR REPLACE FUNCTION hcc_ends(wanted text)
RETURNS TABLE (at_position integer, in_store text, at_sequence integer, in_read text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp AS $$
BEGIN
    IF NOT hcc_has_account() OR wanted IS NOT NULL AND NOT hcc_may_see(wanted) THEN
        RAISE insufficient_privilege USING MESSAGE =
            format('the login "%s" of the database may not see the read "%s"', session_user, wanted);
    END IF;
    SELECT position, hash INTO at_position, in_store FROM events ORDER BY position DESC LIMIT 1;
    SELECT sequence, hash INTO at_sequence, in_read FROM events
        WHERE read_id = wanted ORDER BY sequence DESC LIMIT 1;
    RETURN NEXT;
END $$;

-- Why an event in the store's log is refused; null for one that is not.
CREATE OR REPLACE FUNCTION hcc_refused_in_log(e events, said jsonb, me hcc_accounts) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, {schema}, pg_temp AS $$
DECLARE
    own boolean := said->>'name' = me.name;
BEGIN
    IF e.actor = 'nobody' THEN
        RETURN CASE WHEN e.action = 'sign-in-failed' AND said->>'name' IS NULL THEN NULL
            ELSE 'in nobody''s name there are failed sign-ins alone' END;
    ELSIF e.actor = 'software' THEN
        RETURN CASE WHEN e.action = 'locked-out' AND own THEN NULL
            ELSE 'in the software''s name the log has the lock-out of the own account alone' END;
    ELSIF e.action IN ('signed-in', 'signed-out', 'sign-in-failed', 'sign-in-refused') THEN
        RETURN CASE WHEN own THEN NULL ELSE 'a sign-in is of the own account' END;
    ELSIF NOT me.active THEN
        RETURN 'the account is disabled';
    ELSIF e.action IN ('account-password', 'account-key') AND own THEN
        RETURN CASE WHEN e.contours ~ '^[0-9a-f]{64}$' AND said ?& ARRAY['public_key', 'key', 'signature']
                AND (e.action = 'account-key' OR said->>'temporary' = 'false') THEN NULL
            ELSE 'a password comes with a signed key' END;
    ELSIF e.action = 'adjudicated' AND 'adjudicator' <> ALL (me.roles) THEN
        RETURN 'this is for adjudicators';
    ELSIF e.action = 'unblinded' AND 'unblinder' <> ALL (me.roles) THEN
        RETURN 'this is for unblinders';
    ELSIF (e.action LIKE 'account-%' OR e.action IN ('let-in-again', 'assigned', 'locked-out'))
            AND 'manager' <> ALL (me.roles) THEN
        RETURN 'this is for managers';
    ELSIF e.action = 'account-added' AND NOT (said ?& ARRAY['name', 'printed_name', 'roles', 'temporary', 'public_key']
            AND said->'roles' <@ '["reader", "adjudicator", "manager", "auditor", "unblinder"]') THEN
        RETURN 'an account has a name, roles and a key';
    END IF;
    RETURN NULL;
END $$;

-- Why an event in a read is refused; null for one that is not.
CREATE OR REPLACE FUNCTION hcc_refused_in_read(e events, said jsonb, me hcc_accounts) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, {schema}, pg_temp AS $$
DECLARE
    own boolean := EXISTS (SELECT 1 FROM hcc_reads WHERE read_id = e.read_id AND reader = me.name)
        AND me.roles && ARRAY['reader', 'adjudicator'];
    judged boolean := e.action IN ('decision', 'undo', 'site', 'visit', 'answer', 'non-target');
BEGIN
    IF NOT me.active THEN
        RETURN 'the account is disabled';
    ELSIF e.actor = 'nobody' OR e.actor = 'software' AND (judged OR e.action IN ('signed', 'amended')) THEN
        RETURN 'decisions and signatures have a person''s name';
    ELSIF e.action IN ('assigned', 'study', 'closed') OR e.action = 'amended' AND NOT own THEN
        RETURN CASE WHEN e.actor = me.name AND 'manager' = ANY (me.roles) THEN NULL
            ELSE 'this is for managers' END;
    ELSIF e.action = 'adjudicated' OR e.action = 'signed' AND NOT own THEN
        RETURN CASE WHEN e.actor = me.name AND 'adjudicator' = ANY (me.roles) AND hcc_may_see(e.read_id) THEN NULL
            ELSE 'this is for the reader and for adjudicators' END;
    ELSIF NOT own THEN
        RETURN 'the read is not this account''s';
    ELSIF e.action = 'signed' AND said->>'signer' <> me.name THEN
        RETURN 'a signature is of the own account';
    ELSIF (judged OR e.action = 'proposal') AND hcc_is_locked(e.read_id, said->>'time_point') THEN
        RETURN 'the time point is signed and locked';
    END IF;
    RETURN NULL;
END $$;

-- The only way in for everybody but the owner. Whoever names a contour must bring it: a hash alone, which the log
-- shows of everybody's locked key, opens nothing.
CREATE OR REPLACE FUNCTION hcc_append(event jsonb, contours bytea[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, {schema}, pg_temp AS $$
DECLARE
    e events := jsonb_populate_record(NULL::events, event);
    me hcc_accounts;
    why text;
BEGIN
    PERFORM pg_advisory_xact_lock({lock});
    SELECT * INTO me FROM hcc_accounts WHERE name = session_user;
    IF me.name IS NULL THEN
        why := 'it has no account';
    ELSIF e.actor NOT IN (me.name, 'software', 'nobody') THEN
        why := format('it belongs to the account of the same name, not to "%s"', e.actor);
    ELSIF jsonb_typeof(e.payload::jsonb) <> 'object' THEN
        why := 'the payload is no object';
    ELSIF e.read_id = 'store' THEN
        why := hcc_refused_in_log(e, e.payload::jsonb, me);
    ELSE
        why := hcc_refused_in_read(e, e.payload::jsonb, me);
    END IF;
    IF why IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE =
            format('the login "%s" of the database may not add "%s" here: %s', session_user, e.action, why);
    END IF;
    IF e.format IS DISTINCT FROM {format} OR e.hash IS DISTINCT FROM hcc_hash(e) OR e.contours IS DISTINCT FROM (
            SELECT coalesce(string_agg(encode(sha256(data), 'hex'), ' ' ORDER BY number), '')
            FROM unnest(contours) WITH ORDINALITY AS brought (data, number)) THEN
        RAISE check_violation USING MESSAGE = 'the event does not have the hash of what it says and brings';
    END IF;
    INSERT INTO blobs SELECT DISTINCT encode(sha256(data), 'hex'), data FROM unnest(contours) AS data
        ON CONFLICT DO NOTHING;
    INSERT INTO events SELECT e.*;
END $$;

-- ---- What earlier grants allowed, and what earlier events say ----

REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC;
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT DISTINCT t.oid::regclass AS name, coalesce(g.rolname, 'PUBLIC') AS grantee
        FROM pg_class AS t CROSS JOIN LATERAL aclexplode(t.relacl) AS right_of
        LEFT JOIN pg_roles AS g ON g.oid = right_of.grantee
        WHERE t.oid IN ('events'::regclass, 'blobs'::regclass) AND right_of.grantee <> t.relowner
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %s FROM %s', one.name,
            CASE WHEN one.grantee = 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(one.grantee) END);
    END LOOP;
END $$;
DELETE FROM hcc_accounts;
DELETE FROM hcc_reads;
DELETE FROM hcc_blobs;
DO $$
DECLARE
    e events;
BEGIN
    FOR e IN
        SELECT * FROM events
        WHERE contours <> '' OR format = 1 OR read_id = 'store' AND (action LIKE 'account-%' OR action = 'assigned')
        ORDER BY position
    LOOP
        BEGIN
            PERFORM hcc_note_blobs(e), hcc_take_in(e);
        EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
            RAISE WARNING 'Event % of the store cannot be understood; the check of the log says more.', e.position;
        END;
    END LOOP;
END $$;
COMMENT ON FUNCTION hcc_append(jsonb, bytea[]) IS '{version}';
