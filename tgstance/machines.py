"""Where scoring runs: in this process, in several of this machine, or on a Ray cluster."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from collector.errors import ConfigError

if TYPE_CHECKING:
    from types import ModuleType, TracebackType
    from typing import Self

    from collector.archive import Archive
    from models.engine.forward import Forward
    from models.engine.setting import EngineSetting
    from models.engine.timings import Timings
    from models.labelling import Labelling
    from models.model_name import ModelName
    from models.pending import Unsure
    from models.targets import Target

__all__ = ["Machines", "Outcome", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be scored with which model: `waiting` passages, only what is `unsure` if given."""

    name: "ModelName"
    task: str
    targets: "Sequence[Target]"
    waiting: int
    unsure: "Unsure | None" = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was scored: how many, on what the model ran, and where the time went."""

    count: int
    backend: str
    timings: "Timings"


@dataclass
class Machines:
    """What a run may score with; a context manager that leaves nothing running.

    `engine.device` may name several devices, separated by commas. `workers` is how many models
    are loaded: by default one for each device, or as many as a Ray cluster has room for. `address`
    and `exchange` are those of `models.ray_cluster.connected` and `models.ray_scoring.RayScoring`.
    Raises ConfigError where these do not go together.
    """

    engine: "EngineSetting"
    workers: int | None = None
    on_ray: bool = False
    address: str | None = None
    exchange: str | None = None
    talkative: bool = False
    _forwards: "dict[str, Forward]" = field(default_factory=dict, init=False)
    _ending: ExitStack = field(default_factory=ExitStack, init=False)

    def __post_init__(self) -> None:
        if not self.on_ray and (self.address or self.exchange):
            option = "--address" if self.address else "--exchange"
            raise ConfigError(f"{option} is for --engine ray")
        if self.on_ray and len(self._devices) > 1:
            raise ConfigError("--device: Ray gives each worker its GPU: say cuda, or cpu")
        if self.workers and not self.on_ray and self.workers < len(self._devices):
            raise ConfigError(
                f"--workers {self.workers}: each of {', '.join(self._devices)} needs one at least"
            )
        if self.on_ray:
            from models.ray_cluster import require_ray

            require_ray()

    def score(
        self, archive: "Archive", question: Question, on_progress: Callable[[int], None]
    ) -> Outcome:
        """Score what a question is about and what has no score yet."""
        return (self._on_ray if self.on_ray else self._here)(archive, question, on_progress)

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: "TracebackType | None",
    ) -> None:
        """Disconnect from the cluster, or end it where it was started here."""
        self._ending.__exit__(kind, error, trace)

    def _here(
        self, archive: "Archive", question: Question, on_progress: Callable[[int], None]
    ) -> Outcome:
        from models.scoring import score

        with self._labelling(question) as labelling:
            targets, unsure = question.targets, question.unsure
            count = score(archive, labelling, targets, on_progress, unsure=unsure)
        return Outcome(count, labelling.backend, labelling.timings)

    def _labelling(self, question: Question) -> "Labelling":
        if (self.workers or len(self._devices)) == 1:
            from models.labelling import OneProcess
            from models.loading import labeller_on

            return OneProcess(labeller_on(self._loaded(question), question.name, question.task))
        from models.workers import Workers, spread

        workers = self.workers or len(self._devices)
        engines = spread(self._engine(question), self._devices, workers)
        return Workers(question.name, question.task, engines)

    def _loaded(self, question: Question) -> "Forward":
        """Return a model that the question before may have been put to, for another task."""
        from models.engine.opening import open_forward

        fingerprint = question.name.fingerprint
        if fingerprint not in self._forwards:
            self._forwards.clear()  # two large ones may not fit
            self._forwards[fingerprint] = open_forward(question.name, self._engine(question))
        return self._forwards[fingerprint]

    def _engine(self, question: Question) -> "EngineSetting":
        return replace(self.engine, passages=question.waiting)

    def _on_ray(
        self, archive: "Archive", question: Question, on_progress: Callable[[int], None]
    ) -> Outcome:
        from models.ray_scoring import RayJob, RayScoring

        job = RayJob(question.name, question.task, question.targets, question.unsure)
        engine = self._engine(question)
        scoring = RayScoring(self._ray, engine, workers=self.workers, exchange=self.exchange)
        count = scoring.score(archive, job, on_progress)
        return Outcome(count, scoring.backend, scoring.timings)

    @cached_property
    def _ray(self) -> "ModuleType":
        """The cluster, once there is something to score."""
        import joblib

        from models.ray_cluster import connected

        processors = max(self.workers or 1, joblib.cpu_count())  # of a cluster that is started here
        cluster = connected(self.address, talkative=self.talkative, processors=processors)
        return self._ending.enter_context(cluster)

    @property
    def _devices(self) -> list[str]:
        return [device.strip() for device in self.engine.device.split(",")]
