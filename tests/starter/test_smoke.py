"""From nothing to a pair of files in few steps: it works, and a training that was killed ends with the same files."""

import hashlib
import os
import re
import signal
import subprocess
from pathlib import Path

from toolchain.own_env import own_python
from toolchain.paths import ROOT


def begin(work: Path, *options: str) -> subprocess.Popen[str]:
    python = own_python("starter", "the starter model's recipe")
    return start([str(python), "-u", "-m", "starter_model", *options, "--work", str(work)])


def start(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def finish(process: "subprocess.Popen[str]") -> str:
    said = process.communicate()[0]
    assert process.returncode == 0, said
    return said


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_losses_fall_export_loads_and_answers_flow(tmp_path: Path) -> None:
    said = finish(begin(tmp_path, "--smoke"))
    assert "answers flow" in said
    for stage in ("encoder", "language", "projector", "together"):
        assert re.search(rf"^{stage}: step (\d+) of \1 ", said, re.MULTILINE), stage
    assert len(hashes(tmp_path / "smoke/pair")) == 2


def test_a_killed_training_goes_on_and_ends_with_the_same_files(tmp_path: Path) -> None:
    few = ("--train", "--share", "0.003")
    finish(begin(tmp_path / "whole", *few))
    process = begin(tmp_path / "killed", *few)
    assert process.stdout
    next(line for line in process.stdout if line.startswith("language: step 3 "))
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    said = finish(begin(tmp_path / "killed", *few))
    assert "encoder: " not in said
    assert "language: step 3 " not in said
    assert "together: " in said
    assert hashes(tmp_path / "killed/pair") == hashes(tmp_path / "whole/pair")


# Goes through a stage whose loss happens to be at its lowest where it is stopped.
STOPPED = """
import sys
from pathlib import Path
import torch
from starter_model.stages import Stage
from starter_model.train import Training

class Learner(torch.nn.Linear):
    device = torch.device("cpu")

def losses(learner, portion, stop=True):
    step = portion // 2
    if stop and step == 101:
        raise KeyboardInterrupt
    yield "some", 1.0, 0 * learner.weight.sum() + (5 if step == 0 else 1 if 95 <= step <= 105 else 3)

def go(losses):
    Training(Learner(2, 2), Path(sys.argv[1])).run([Stage("all", 150, ("",), losses, 0.01, 0.01)])

try:
    go(losses)
except KeyboardInterrupt:
    go(lambda learner, portion: losses(learner, portion, stop=False))
"""


def test_a_stage_that_was_stopped_is_judged_from_its_first_step(tmp_path: Path) -> None:
    python = own_python("starter", "the starter model's recipe")
    said = finish(start([str(python), "-c", STOPPED, str(tmp_path)]))
    assert "all: step 150 of 150 " in said


# Conversations that share a picture or tools in one long row, and each of them alone.
TOGETHER = """
import random
import torch
from starter_model import corpus, rows
from starter_model.model import Shape, Starter, masks
from starter_model.tokenizer import Tokenizer

tokenizer = Tokenizer.train(corpus.texts(300), corpus.VOCABULARY)
model = Starter(Shape(vocabulary=len(tokenizer.tokens)))
for block in model.text.blk:
    for layer in (block.attn_output, block.ffn_down):
        torch.nn.init.normal_(layer.weight, std=0.05)
made = [maker(tokenizer, random.Random(1)) for maker in (rows.tool_row, rows.chat_row, rows.tool_row)]
packed = rows.batch(made)
seeing = list(zip(packed.spans, masks(packed.spans), strict=True))
together = model.text(model.embed(packed.tokens, None, None), packed.positions, seeing)[0]
at = 0
for row in made:
    tokens, branches = torch.tensor(row.tokens), torch.tensor(row.branch)
    for branch in set(row.branch):
        chosen = (branches == 0) | (branches == branch)
        count = int(chosen.sum())
        causal = torch.full((1, count, count), -1e9).triu(1)
        alone = model.text(model.embed(tokens[chosen][None], None, None), torch.arange(count)[None], causal)[0]
        assert torch.allclose(together[at : at + len(tokens)][chosen], alone, atol=1e-4)
    at += len(tokens)
print("the same")
"""


def test_conversations_of_one_row_are_learnt_as_if_each_stood_alone() -> None:
    python = own_python("starter", "the starter model's recipe")
    assert "the same" in finish(start([str(python), "-c", TOGETHER]))
