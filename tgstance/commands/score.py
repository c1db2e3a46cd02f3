"""tgstance score: labels what has no label yet."""

from dataclasses import dataclass
from logging import DEBUG
from typing import TYPE_CHECKING, Any

import click

from tgstance.session import Session

if TYPE_CHECKING:
    from collector.archive import Archive
    from models.cascade import AnyModel, Cascade
    from models.engine.setting import BackendName
    from models.engine.timings import Timings
    from models.model_name import ModelName
    from models.pending import Unsure
    from tgstance.machines import Machines
    from tgstance.runs import Run

__all__ = ["run_score", "score"]


@click.command(short_help="Label posts that have no score yet.")
@click.option(
    "--backend",
    type=click.Choice(["auto", "torch", "onnx", "openvino"]),
    help="What runs the models; onnx and openvino need the extra of that name. Default: as "
    "configured, else auto, the fastest of those installed by a measurement that is remembered.",
)
@click.option(
    "--device",
    help="Where torch runs them: cpu, cuda, cuda:1, or several: cuda:0,cuda:1. Default: as "
    "configured, else the first GPU if there is one.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="How many processes score, each with its own copy of the model in memory; they share the "
    "processors, or take the devices in turn. Default: one for each device; with --engine ray as "
    "many as the cluster has room for.",
)
@click.option(
    "--engine",
    "kind",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help='This machine, or a Ray cluster (pip install "tgstance[ray]" on each of its machines, and '
    "the models there as well: a directory under the same path).",
)
@click.option(
    "--address",
    metavar="ADDRESS",
    help="Of a Ray cluster: auto for the one that this machine is part of, or HOST:PORT. Default: "
    "one of this machine alone is started, and ended afterwards.",
)
@click.option(
    "--exchange",
    metavar="DIR|URL",
    help="Where Ray's workers find what to score, for as long as it takes: a directory that all "
    "machines share, or s3://... Default: a temporary directory of this machine.",
)
@click.option("--profile", is_flag=True, help="Print where the time went, once all is scored.")
@click.pass_obj
def score(session: Session, /, *, profile: bool, **options: Any) -> None:  # noqa: ANN401 (click's)
    """Label the sentiment of posts and their stance toward the configured targets.

    Only what the configured models have not scored yet is scored, each distinct text once, a batch
    at a time: an interrupted run goes on where it stopped. Where `escalate_to` is configured, what
    the first model is unsure of is then labelled by the larger one.

    \b
    Example:
      tgstance score
      tgstance score --backend onnx --profile
      tgstance score --device cuda:0,cuda:1
      tgstance score --engine ray --address auto --exchange /shared/scoring
    """
    run_score(session, _machines(session, **options), profile=profile)


def run_score(
    session: Session, machines: "Machines | None" = None, *, profile: bool = False
) -> None:
    """Prepare and score everything that is new, as one recorded run."""
    from tgstance.logs import log
    from tgstance.machines import Machines

    machines = machines or Machines(session.config.engine())
    if not session.config.targets:
        log.warning("no [[targets]] in %s: only sentiment is scored", session.config_path)
    models = {"sentiment": session.config.sentiment_model, "stance": session.config.stance_model}
    fingerprints = {task: name.fingerprint for task, name in models.items()}
    with session.run("score", alone=True) as (archive, run), machines:
        run.summary["models"] = fingerprints
        run.summary["engines"] = {}
        _prepare(session, archive)
        job = _Job(session, archive, run, machines)
        timings: dict[str, Timings] = {}
        for task, model in models.items():
            timings |= _score_task(job, task, model)
    if profile and timings:
        _show_profile(timings)


def _machines(
    session: Session,
    *,
    backend: "BackendName | None",
    device: str | None,
    workers: int | None,
    kind: str,
    **ray: str | None,
) -> "Machines":
    from tgstance.logs import log
    from tgstance.machines import Machines

    return Machines(
        session.config.engine(backend, device),
        workers=workers,
        on_ray=kind == "ray",
        talkative=log.isEnabledFor(DEBUG),
        **ray,
    )


def _prepare(session: Session, archive: "Archive") -> None:
    from models.preparing import find_mentions, store_readings
    from tgstance.logs import log

    new = store_readings(archive)
    find_mentions(archive, session.config.targets)
    log.info("read %s new texts and looked for %s targets", new, len(session.config.targets))


@dataclass(frozen=True, slots=True)
class _Job:
    """One run of scoring."""

    session: Session
    archive: "Archive"
    run: "Run"
    machines: "Machines"

    def count(self, task: str, model: "AnyModel", unsure: "Unsure | None" = None) -> int:
        """Return how much a model has not scored yet."""
        from models.pending import count_unscored

        targets = self.session.config.targets
        with self.archive.connect() as connection:
            return count_unscored(connection, task, model.fingerprint, targets, unsure)


def _score_task(job: _Job, task: str, model: "AnyModel") -> "dict[str, Timings]":
    """Score what is new for a task; return where the time of each of its models went."""
    from models.cascade import Cascade
    from tgstance.logs import log

    job.run.summary[task] = 0
    if isinstance(model, Cascade):
        timings = _score_cascade(job, task, model)
    else:
        timings = _score_with(job, task, model)
    if not job.run.summary[task]:
        log.info("%s: nothing new to score", task)
    return timings


def _score_cascade(job: _Job, task: str, cascade: "Cascade") -> "dict[str, Timings]":
    """Score with the first model, and with the second what that is unsure of; then choose."""
    from models.composing import compose, unsure_of
    from tgstance.logs import log
    from tgstance.terminal import progress

    waiting = job.count(task, cascade)
    if not waiting:
        return {}
    timings = _score_with(job, task, cascade.first)
    timings |= _score_with(job, task, cascade.second, unsure_of(cascade))
    with progress(f"{task} with both", waiting, quiet=job.session.quiet) as advance:
        targets = job.session.config.targets
        job.run.summary[task] = compose(job.archive, cascade, task, targets, advance)
    log.info("%s: %s labelled with %s", task, job.run.summary[task], cascade.text)
    return timings


def _score_with(
    job: _Job, task: str, name: "ModelName", unsure: "Unsure | None" = None
) -> "dict[str, Timings]":
    """Score what is new, or of that only what another model is unsure of."""
    from tgstance.logs import log
    from tgstance.terminal import progress

    what = f"{task}, escalated" if unsure else task
    waiting = job.count(task, name, unsure)
    if not waiting:
        return {}
    from tgstance.machines import Question

    question = Question(name, task, job.session.config.targets, waiting, unsure)
    with (
        progress(f"{what} with {name.text}", waiting, quiet=job.session.quiet) as advance,
        job.session.stop.at_safe_points() as check,
    ):

        def after_batch(count: int) -> None:
            advance(count)
            check()

        outcome = job.machines.score(job.archive, question, after_batch)
    job.run.summary["engines"][what] = outcome.backend
    job.run.summary[what] = outcome.count
    log.info("%s: %s scored with %s (%s)", what, outcome.count, name.text, outcome.backend)
    return {what: outcome.timings}


def _show_profile(timings: "dict[str, Timings]") -> None:
    """Print where the time of each task went; stages overlap, so that they sum to more than all."""
    from tgstance.terminal import show_table

    columns = [
        "task",
        "passages",
        "inputs",
        "tokens",
        "padding",
        "read s",
        "tokenise s",
        "model s",
        "write s",
        "in all s",
        "passages/s",
        "tokens/s",
    ]
    rows = [
        [
            task,
            spent.passages,
            spent.inputs,
            spent.tokens,
            f"{spent.padding_share:.1%}",
            *(f"{seconds:.2f}" for seconds in (spent.read, spent.tokenise, spent.model)),
            f"{spent.write:.2f}",
            f"{spent.wall:.2f}",
            f"{spent.passages / spent.wall:.0f}",
            f"{spent.tokens / spent.wall:.0f}",
        ]
        for task, spent in timings.items()
    ]
    show_table("Where the time went", columns, rows)
