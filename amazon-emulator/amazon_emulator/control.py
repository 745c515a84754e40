"""The emulator's own calls under `/_emulator/`: everything a test may set or ask."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from werkzeug import Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from amazon_emulator.ads_reporting.documents import plain_rows
from amazon_emulator.clock import format_instant, parse_instant
from amazon_emulator.wire import json_response

if TYPE_CHECKING:
    from werkzeug import Request

    from amazon_emulator.ads_reporting.lifecycle import Report
    from amazon_emulator.emulation import Emulation

Json = Mapping[str, object]
_OK: Json = {"ok": True}


class ControlError(ValueError):
    """A control call that asks for something impossible; answered with 400."""


class Control:
    """Answers the control calls of one emulator."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation
        self._core = emulation.core
        self._map = Map(
            [
                Rule(f"/_emulator{path}", methods=[method], endpoint=handler)
                for method, path, handler in self._table()
            ]
        )

    def __call__(self, request: Request) -> Response:
        """Answer one control call; what cannot be is a 400 with a sentence."""
        urls = self._map.bind_to_environ(request.environ)
        try:
            handler, arguments = urls.match()
        except HTTPException as error:
            paths = sorted({rule.rule for rule in self._map.iter_rules()})
            text = f"{error.name}: {request.method} {request.path}."
            return json_response({"error": text, "calls": paths}, error.code or 404)
        try:
            answer = handler(_body(request), **arguments)
        except (ValueError, KeyError, TypeError) as error:
            return json_response({"error": _sentence(error)}, 400)
        return answer if isinstance(answer, Response) else json_response(answer)

    def _table(self) -> Iterable[tuple[str, str, Callable[..., object]]]:
        profile = "/world/profiles/<profile_id>"
        return (
            ("GET", "", self._index),
            ("POST", "/reset", self._reset),
            ("GET", "/settings", self._settings),
            ("POST", "/settings", self._change_settings),
            ("POST", "/seed", self._change_settings),
            ("GET", "/clock", self._clock),
            ("PUT", "/clock", self._set_clock),
            ("DELETE", "/clock", self._real_clock),
            ("POST", "/clock/advance", self._advance_clock),
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("DELETE", "/faults/<int:rule_id>", self._remove_fault),
            ("GET", "/world", self._world),
            ("PUT", "/world", self._replace_world),
            ("POST", "/world/profiles", self._add_profile),
            ("DELETE", profile, self._remove_profile),
            ("POST", f"{profile}/advertisers", self._add_advertisers),
            ("DELETE", f"{profile}/advertisers/<key>", self._remove_advertiser),
            ("POST", "/world/links", self._add_link),
            ("DELETE", "/world/links/<key>", self._remove_link),
            ("POST", "/tokens/expire", self._expire_tokens),
            ("GET", "/statistics", self._statistics),
            ("DELETE", "/statistics", self._clear_statistics),
            ("GET", "/reports/<report_id>/rows", self._rows),
            ("GET", "/reports/<report_id>/row-count", self._row_count),
            *self._emulation.audience_control.table(),
            *self._emulation.selling.control.table(),
        )

    def _index(self, _: Json) -> Json:
        paths = sorted({f"{rule.rule}" for rule in self._map.iter_rules()})
        origin = self._emulation.signer.origin
        return {"download_url": origin, "calls": paths, **self._clock({})}

    def _reset(self, _: Json) -> Json:
        self._emulation.reset()
        return _OK

    def _settings(self, _: Json) -> Json:
        return self._core.settings.as_json()

    def _change_settings(self, body: Json) -> Json:
        return self._core.change(dict(body)).as_json()

    def _clock(self, _: Json) -> Json:
        clock = self._core.clock
        return {"now": format_instant(clock.now()), "frozen": clock.is_frozen}

    def _set_clock(self, body: Json) -> Json:
        now = parse_instant(str(body["now"]))
        self._core.clock.set(now, frozen=bool(body.get("frozen", False)))
        return self._clock(body)

    def _real_clock(self, body: Json) -> Json:
        self._core.clock.follow_real_time()
        return self._clock(body)

    def _advance_clock(self, body: Json) -> Json:
        seconds = body["seconds"]
        if not isinstance(seconds, int | float):
            raise ControlError("seconds must be a number.")
        self._core.clock.advance(seconds)
        return self._clock(body)

    def _faults(self, _: Json) -> object:
        return self._core.faults.as_json()

    def _add_fault(self, body: Json) -> Json:
        return self._core.faults.add(body).as_json()

    def _clear_faults(self, _: Json) -> Json:
        self._core.faults.clear()
        return _OK

    def _remove_fault(self, _: Json, rule_id: int) -> Response:
        return _found(self._core.faults.remove(rule_id))

    def _world(self, _: Json) -> Json:
        return self._emulation.world.as_json()

    def _replace_world(self, body: Json) -> Json:
        self._emulation.world.replace(body)
        return self._emulation.world.as_json()

    def _add_profile(self, body: Json) -> Json:
        self._emulation.world.add_profile(body)
        return _OK

    def _remove_profile(self, _: Json, profile_id: str) -> Response:
        return _found(self._emulation.world.remove_profile(profile_id))

    def _add_advertisers(self, body: Json, profile_id: str) -> Json:
        listed = body["advertisers"]
        if not isinstance(listed, list):
            raise ControlError("advertisers must be a list of objects.")
        self._emulation.world.add_advertisers(profile_id, listed)
        return _OK

    def _remove_advertiser(self, _: Json, profile_id: str, key: str) -> Response:
        return _found(self._emulation.world.remove_advertiser(profile_id, key))

    def _add_link(self, body: Json) -> Json:
        manager_id = body.get("managerAccountId")
        region = str(body.get("region", self._core.settings.region))
        own = ("managerAccountId", "region")
        link = {key: value for key, value in body.items() if key not in own}
        name = None if manager_id is None else str(manager_id)
        self._emulation.world.add_link(name, link, region)
        return _OK

    def _remove_link(self, _: Json, key: str) -> Response:
        return _found(self._emulation.world.remove_link(key))

    def _expire_tokens(self, _: Json) -> Json:
        self._emulation.tokens.revoke_all()
        self._emulation.selling.access.revoke_all()
        return _OK

    def _statistics(self, _: Json) -> Json:
        return {
            **self._core.statistics.as_json(),
            **self._emulation.reports.as_json(),
            **self._emulation.audiences.as_json(),
            **self._emulation.selling.control.statistics(),
            "faults": self._core.faults.as_json(),
        }

    def _clear_statistics(self, _: Json) -> Json:
        self._core.statistics.clear()
        return _OK

    def _rows(self, _: Json, report_id: str) -> Response:
        report = self._report(report_id)
        if report.fate("empty") or report.fate("document"):
            return json_response([])
        return Response(plain_rows(report.plan), content_type="application/json")

    def _row_count(self, _: Json, report_id: str) -> Json:
        report = self._report(report_id)
        fate = report.fate("empty") or report.fate("document")
        report.document.build(report.plan, report.request.file_format, fate)
        return {"rows": report.document.rows}

    def _report(self, report_id: str) -> Report:
        report = self._emulation.reports.any(report_id)
        if report is None:
            message = f"There is no report {report_id}."
            raise ControlError(message)
        return report


def _body(request: Request) -> Json:
    text = request.get_data()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise ControlError("The body must be a JSON object.")
    return body


def _found(is_found: bool) -> Response:  # noqa: FBT001 - the answer itself
    return json_response(_OK if is_found else {"ok": False}, 200 if is_found else 404)


def _sentence(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"The body lacks {error}."
    return str(error) or type(error).__name__
