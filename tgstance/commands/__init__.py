"""The commands, one module each. They import what they need when they run: torch takes seconds."""

from tgstance.commands.annotate import annotate
from tgstance.commands.backup import backup
from tgstance.commands.collect import collect
from tgstance.commands.demo import demo
from tgstance.commands.doctor import doctor
from tgstance.commands.evaluate import evaluate
from tgstance.commands.export import export
from tgstance.commands.importing import import_
from tgstance.commands.init import init
from tgstance.commands.login import login, logout
from tgstance.commands.prune import prune
from tgstance.commands.report import report
from tgstance.commands.run import run
from tgstance.commands.schedule import schedule
from tgstance.commands.score import score
from tgstance.commands.status import status
from tgstance.commands.train import train

__all__ = ["ALL"]

ALL = (
    *(demo, init, login, logout, collect, import_, score, annotate, report, run, status, doctor),
    *(schedule, evaluate, train, backup, export, prune),
)
