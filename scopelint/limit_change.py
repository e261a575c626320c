"""What a project's audit events tell about its inbound limit: when it was switched last, and by whom.

GitLab writes such an event where the limit is switched in its UI or by GraphQL, since 16.0 and in
Premium and Ultimate (ee/config/audit_events/types/secure_ci_job_token_inbound_disabled.yml,
ee/app/graphql/ee/mutations/ci/project_ci_cd_settings_update.rb). A switch by REST, a setting that
the project was made with, and the instance's enforcement leave none. So the newest event tells who
opened a project only where it says "off", and no event tells nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

LastSwitch = Literal["off", "on", "none", "not_reached"]
"""What the newest event about the limit says; `none`: the whole history holds no such event,
`not_reached`: only the newest part was read, and it holds none."""

_WHY: Final[Mapping[LastSwitch, str]] = {
    "on": "by the audit events its own limit was last switched on; what switched it off left none",
    "none": "no audit event says who switched its own limit off",
    "not_reached": "none of its newest audit events, which alone were read, is about its own limit",
}


@dataclass(frozen=True, slots=True)
class LimitChange:
    """The newest switch of a project's own inbound limit that its audit events show."""

    last: LastSwitch
    at: datetime | None = None
    """When, where there is such an event."""
    author: str | None = None
    """The name of the one who did it, as GitLab kept it; None where GitLab names nobody."""
    author_id: int | None = None
    """That user's number; None where it was no user, such as GitLab itself."""

    @property
    def opened_at(self) -> datetime | None:
        """When the limit was switched off, None where the events do not tell."""
        return self.at if self.last == "off" else None

    def evidence(self) -> dict[str, object] | str:
        """Return `{at, by, by_id}` as JSON data, or a text that begins with `not known`."""
        if self.opened_at is None:
            return f"not known: {_WHY.get(self.last, 'the event has no time')}"
        at = self.opened_at.astimezone(UTC).isoformat()
        return {"at": at, "by": self.author, "by_id": self.author_id}

    def words(self) -> str:
        """Return when and by whom the limit was switched off: `on DATE by NAME`; else empty."""
        if self.opened_at is None:
            return ""
        day = self.opened_at.astimezone(UTC).date()
        return f"on {day} by {self.author or 'somebody whom GitLab does not name'}"

    def opened_between(self, start: datetime, end: datetime) -> bool:
        """Tell whether the events say that the limit was switched off in this span of time.

        Both ends belong to it; a span that ends before it starts holds nothing.
        """
        return self.opened_at is not None and start <= self.opened_at <= end
