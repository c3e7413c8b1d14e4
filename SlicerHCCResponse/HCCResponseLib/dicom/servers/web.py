"""DICOMweb: QIDO-RS to find, WADO-RS to fetch, STOW-RS to store. One image in memory at a time.

What was fetched or stored before is not transferred again, so a transfer that was interrupted goes on where it ended.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from HCCResponseLib.base.errors import HCCResponseError, InputError, ServerError
from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.dicom.servers.archive import (
    FoundStudy,
    Report,
    Transfer,
    asked_uid,
    identity_of,
    is_whole,
    no_report,
    place_of,
    refusals,
    save_whole,
)
from HCCResponseLib.dicom.servers.config import Server, password_of, token_of

_PAGE = 500
_EVERY_SYNTAX = (("application/dicom", "*"),)


# An object is sent as a whole: a stream could not be sent again.
_WHOLE = 2**31


class WebArchive:
    """An archive that is reached by DICOMweb."""

    def __init__(self, name: str, server: Server) -> None:
        """Args:
        name: for messages.

        Raises:
            InputError: the password is not known, or the library for it is not installed.
        """
        try:
            import requests
            from dicomweb_client import DICOMwebClient
        except ImportError as problem:
            raise InputError("DICOMweb needs: pip install 'hcc-response[pacs]'") from problem
        self._name = name
        session = _session(requests, name, server)
        password, token = password_of(name, server), token_of(name, server)
        if password is not None:
            session.auth = (server.user or "", password)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        session.mount("https://", _again(requests))
        session.mount("http://", _again(requests))
        self._client = DICOMwebClient(
            str(server.url), session=session, headers=headers, timeout=server.timeout_s, chunk_size=_WHOLE
        )
        self._client.set_http_retry_params(retry=False)

    def find(self, patient_id: str = "", name: str = "", days: str = "") -> list[FoundStudy]:
        """As :meth:`.Archive.find`."""
        wanted = {"PatientID": patient_id, "PatientName": name, "StudyDate": days}
        filters = {key: value for key, value in wanted.items() if value}
        fields = ["StudyDescription", "ModalitiesInStudy", "NumberOfStudyRelatedInstances", "PatientName"]
        search = partial(self._client.search_for_studies, search_filters=filters, fields=fields)
        with self._clear_errors("searched"):
            studies = [_study(one) for one in _pages(search, "0020000D")]
        return sorted(studies, key=lambda one: (one.patient_id, one.day, one.uid))

    def fetch(self, study: str, folder: Path, report: Report = no_report) -> Transfer:
        """As :meth:`.Archive.fetch`; what was fetched before an error stays, and the same call goes on from there."""
        search = partial(self._client.search_for_instances, study_instance_uid=asked_uid(study))
        with self._clear_errors("searched"):
            listed = _pages(search, "00080018")
        if not listed:
            raise ServerError(f"'{self._name}' has no study {study}.")
        done, before = [], 0
        for number, one in enumerate(listed, start=1):
            series, image = _text(one, "0020000E"), _text(one, "00080018")
            path = place_of(folder, study, series, image)
            if is_whole(path):
                before += 1
            else:
                self._fetch_one((study, series, image), path)
                done.append(str(path))
            report(number, len(listed))
        return Transfer(tuple(done), before)

    def _fetch_one(self, uids: tuple[str, str, str], path: Path) -> None:
        with self._clear_errors("read from"):
            found = self._client.retrieve_instance(*uids, media_types=_EVERY_SYNTAX)
            other = str(found.SOPInstanceUID) != uids[2]
        if other:
            raise ServerError(f"'{self._name}' sent another image than {uids[2]}. Nothing of it was kept.")
        write_atomically(path, partial(save_whole, found, self._name))

    def store(self, files: Sequence[Path], report: Report = no_report) -> Transfer:
        """As :meth:`.Archive.store`; if some are refused, the others are stored."""
        identities = [(file, *identity_of(file)) for file in files]
        done, refused, before = [], [], 0
        for number, (file, study, image) in enumerate(identities, start=1):
            if self._has(study, image):
                before += 1
            elif why := self._store_one(file, study, image):
                refused.append(f"'{file}': {why}")
            else:
                done.append(image)
            report(number, len(identities))
        if refused:
            raise refusals(self._name, refused, len(files))
        return Transfer(tuple(done), before)

    def _has(self, study: str, image: str) -> bool:
        with self._clear_errors("searched"):
            found = self._client.search_for_instances(study, search_filters={"SOPInstanceUID": image})
        return any(_text(one, "00080018") == image for one in found)

    def _store_one(self, file: Path, study: str, image: str) -> str:
        """Store a file; why it was refused, empty where it was taken."""
        from pydicom import dcmread
        from requests import HTTPError

        try:
            with self._clear_errors("written to", pass_on=(400, 409, 415)):
                answer = self._client.store_instances([dcmread(BytesIO(file.read_bytes()))], study)
        except HTTPError as problem:
            given: Any = problem.response
            return f"refused ({given.status_code} {given.reason})"
        failed = answer.get("FailedSOPSequence")
        if failed:
            return f"refused with reason {int(failed[0].get('FailureReason', 0)):04X}"
        return "" if self._has(study, image) else "taken, but not listed afterwards"

    @contextmanager
    def _clear_errors(self, what: str, pass_on: tuple[int, ...] = ()) -> Iterator[None]:
        """Say in one line what is wrong with a server. HTTP answers of ``pass_on`` are handed on."""
        from requests import exceptions as http

        try:
            yield
        except http.SSLError as problem:
            raise ServerError(
                f"'{self._name}' cannot be trusted: its certificate is not valid here. If it is the right server, name "
                "the file of its authority: certificates in the list of servers."
            ) from problem
        except http.HTTPError as problem:
            answer: Any = problem.response
            if answer.status_code in pass_on:
                raise
            raise ServerError(self._answer(answer)) from problem
        except (http.ConnectionError, http.Timeout, http.ChunkedEncodingError) as problem:
            raise ServerError(
                f"'{self._name}' could not be {what}: {_reason(problem)}. What was transferred before is kept; give "
                "the same command again to go on."
            ) from problem
        except HCCResponseError:
            raise
        except Exception as problem:
            # Whatever a library makes of an answer that is none: JSON, types, DICOM.
            raise ServerError(
                f"'{self._name}' answers something that is no DICOMweb ({type(problem).__name__}). Check its url in "
                "the list of servers."
            ) from problem

    def _answer(self, response: Any) -> str:
        if response.status_code in (401, 403):
            return f"'{self._name}' refuses user and password ({response.status_code})."
        if response.status_code == 404:
            return f"'{self._name}' has nothing at this place (404); check the url in the list of servers."
        return f"'{self._name}' answers {response.status_code} {response.reason}."


def _session(requests: Any, name: str, server: Server) -> Any:
    """Connections with the certificates that the user names; else with those of the environment or the system."""
    session = requests.Session()
    if server.certificates is None:
        return session
    if not server.certificates.is_file():
        raise InputError(f"The certificates of '{name}', '{server.certificates}', do not exist.")
    # The environment's certificates would go before those of the session, so only its proxies are taken over.
    session.trust_env, session.verify = False, str(server.certificates)
    session.proxies.update(requests.utils.get_environ_proxies(server.url))
    return session


def _again(requests: Any) -> Any:
    """Tries again where a connection fails or the server is busy; never where its certificate is not valid."""
    from urllib3.util import Retry

    busy = Retry(
        connect=3, read=3, status=3, other=0, backoff_factor=0.3, status_forcelist=(408, 429, 503, 504),
        allowed_methods=None, raise_on_status=False,
    )  # fmt: skip

    class PlainWildcards(requests.adapters.HTTPAdapter):  # type: ignore[misc]
        """Sends * and ? of a search as they are: Orthanc takes their codes for letters."""

        def send(self, request: Any, *given: Any, **more: Any) -> Any:
            path, mark, query = str(request.url).partition("?")
            request.url = path + mark + query.replace("%2A", "*").replace("%3F", "?")
            return super().send(request, *given, **more)

    return PlainWildcards(max_retries=busy)


def _reason(problem: Exception) -> str:
    words = str(problem)
    if "timed out" in words.lower():
        return "it did not answer in time"
    if re.search(r"NameResolution|Name or service|getaddrinfo", words):
        return "there is no computer of this name"
    return "the connection failed or was lost"


def _pages(search: Callable[..., list[dict[str, Any]]], tag: str) -> list[dict[str, Any]]:
    """All that a search finds, page by page, until one brings nothing new: some servers know no pages.

    Args:
        tag: of the identifier that tells one from another.
    """
    found: dict[str, dict[str, Any]] = {}
    while True:
        page = search(limit=_PAGE, offset=len(found))
        new = {_text(one, tag): one for one in page}
        if "" in new:
            raise ValueError("an answer without identifiers")
        if not set(new) - set(found):
            return list(found.values())
        found |= new


def _text(one: dict[str, Any], tag: str) -> str:
    """A text of an answer, as it can be shown: what is no sign of a text becomes a question mark."""
    values = one.get(tag, {}).get("Value") or [""]
    first = values[0]
    text = str(first.get("Alphabetic", "")) if isinstance(first, dict) else str(first)
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def _study(one: dict[str, Any]) -> FoundStudy:
    images = _text(one, "00201208")
    return FoundStudy(
        uid=_text(one, "0020000D"),
        patient_id=_text(one, "00100020"),
        patient_name=_text(one, "00100010"),
        day=_text(one, "00080020"),
        description=_text(one, "00081030"),
        modalities=tuple(str(value) for value in one.get("00080061", {}).get("Value") or ()),
        images=int(images) if images.isdecimal() else None,
    )
