"""Where reads are kept: append-only, chained, durable; one SQLite file a study, or PostgreSQL for a committee."""

from HCCResponseLib.review.store.chain import DEFAULT_READ, FIRST_HASH, STORE_LOG, Event, blob_key, event_hash
from HCCResponseLib.review.store.read import ReadStore
from HCCResponseLib.review.store.seal import sealed_content
from HCCResponseLib.review.store.standings import Standing
from HCCResponseLib.review.store.store import Store, open_store
from HCCResponseLib.review.store.verify import Finding

__all__ = [
    "DEFAULT_READ",
    "FIRST_HASH",
    "STORE_LOG",
    "Event",
    "Finding",
    "ReadStore",
    "Standing",
    "Store",
    "blob_key",
    "event_hash",
    "open_store",
    "sealed_content",
]
