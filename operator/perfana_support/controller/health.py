"""Whether the operator is alive and whether it is ready, with the reasons in words."""

from collections.abc import Mapping
from typing import NamedTuple

from perfana_support.sources.cluster.backoff import LAST_WAIT_SECONDS
from perfana_support.sources.cluster.pulse import Phase, Pulse

# A watch ends and is begun anew after its limit of silence; one that is silent for this many times that is stuck in this
# program, which only a restart mends.
_STUCK = 4.0
# Nor is one stuck that waits as long as it may, whatever the limit of silence.
_STUCK_AT_LEAST_SECONDS = 4 * LAST_WAIT_SECONDS


class Health(NamedTuple):
    """The operator's parts at one moment. `problems` are sentences about what keeps it from its work.

    `pulses` are those of the watches that are ours, `audited` of Kopf's, which is started anew by itself.
    """

    is_working: bool
    is_synced: bool
    pulses: Mapping[str, Pulse]
    audited: Mapping[str, Pulse]
    silence_seconds: float
    problems: tuple[str, ...]
    leading: str

    def healthz(self) -> tuple[bool, str]:
        """Alive, unless a restart of this process would help: a server that is away is not its fault."""
        stuck = [name for name, pulse in self.pulses.items() if self._is_stuck(pulse)]
        head = "ok" if self.is_working and not stuck else "not ok"
        lines = [head, *(f"{name}: stuck, nothing happened for {self.pulses[name].silent_seconds:.0f} s" for name in stuck)]
        if not self.is_working:
            lines.append("a part has ended")
        return head == "ok", self._page(lines)

    def readyz(self) -> tuple[bool, str]:
        """Ready once everything is known and followed, whether this operator writes or stands by."""
        is_following = all(pulse.phase is Phase.FOLLOWING for pulse in self.pulses.values())
        # Where nothing was told and nothing was to tell yet, all is well.
        is_told = all(pulse.phase is not Phase.WAITING for pulse in self.audited.values())
        is_ready = self.is_working and self.is_synced and is_following and is_told and not self.problems
        lines = ["ok" if is_ready else "not ready"]
        if not self.is_synced:
            lines.append("the cluster is still being read")
        return is_ready, self._page(lines)

    def _is_stuck(self, pulse: Pulse) -> bool:
        return pulse.phase is Phase.FOLLOWING and pulse.silent_seconds > max(
            _STUCK * self.silence_seconds, _STUCK_AT_LEAST_SECONDS
        )

    def _page(self, lines: list[str]) -> str:
        lines = [*lines, *self.problems, self.leading]
        for name, pulse in sorted((*self.pulses.items(), *self.audited.items())):
            restarts = ", ".join(f"{count} {cause}" for cause, count in sorted(pulse.restarts.items()))
            line = f"{name}: {pulse.phase}, heard {pulse.silent_seconds:.0f} s ago"
            lines.append(
                line + (f", begun anew: {restarts}" if restarts else "") + (f", {pulse.problem}" if pulse.problem else "")
            )
        return "\n".join(line for line in lines if line) + "\n"
