"""Nets that cannot be trained are refused with path, line, what was found and what to do; a good one is not."""

import re
from pathlib import Path

import pytest

from tests.support.networks import own_nets
from tracking.common.errors import BadPlugin
from tracking.common.named_files.user_files import UserFiles
from workers.engines.check_net import check_net
from workers.experiments import network
from workers.trial import Trial

OUTPUTS = "self.output(x.flatten(1))"
# What is wrong, as the arguments of `own_nets.one_layer`; the line (of forward, or of build); words of the message.
BROKEN: dict[str, tuple[dict[str, str], str, str]] = {
    "no module": ({"more": "module = {}"}, "def build", r"build returned dict, expected a torch.nn.Module"),
    "build raises": ({"more": "module.absent"}, "module.absent", r"AttributeError: 'One' object has no attribute"),
    "forward raises": (
        {"body": "return self.output(x)"}, "self.output(x)",
        r"RuntimeError: mat1 and mat2 shapes.*\n?.*given images .* of torch.float32 of shape \(4, 1, 8, 8\)",
    ),
    "shape": (
        {"body": f"return {OUTPUTS}[:, 1:]"}, "def forward",
        r"returns a tensor of torch.float32 of shape \(4, 9\), expected a tensor of floating point of shape \(4, 10\)",
    ),
    "no tensor": ({"body": f"return {OUTPUTS}, x"}, "def forward", r"returns tuple, expected a tensor"),
    "classes as integers": ({"body": f"return {OUTPUTS}.long()"}, "def forward", "tensor of torch.int64"),
    "no parameters": ({"more": "module.requires_grad_(False)"}, "def forward", "no parameters to train"),
    "not finite": ({"more": "module.output.bias.data[0] = torch.nan"}, "def forward", "not finite: output.bias; set"),
    "a seed in build": ({"more": "torch.manual_seed(0)"}, "def build", "seeds torch's own generator, .* leave torch"),
    "the process ends": ({"more": "raise SystemExit(3)"}, "raise SystemExit", "SystemExit: 3"),
    "numpy in build": ({"more": "module.output.bias.data[0] = np.random.rand()"}, "def forward", "built twice"),
    "numpy in training": (
        {"body": f"return {OUTPUTS} * (np.random.rand() if self.training else 1)"}, "def forward",
        "trained alone and in a bundle, .*other values of .*output.weight: draw random numbers by torch",
    ),
    "a generator of its own": (
        {"body": f"return {OUTPUTS} * (torch.rand(10, generator=self.own) if self.training else 1)",
         "more": "module.own = torch.Generator()"}, "def forward", "trained alone and in a bundle",
    ),
    "state in a class": (
        {"body": f"One.calls += self.training; return {OUTPUTS} * (One.calls + 1)"}, "def forward",
        "trained alone and in a bundle",
    ),
    "state in the module": (
        {"body": f"self.calls += self.training; return {OUTPUTS} / (self.calls + 1)"}, "def forward",
        "trained .*keep what changes in parameters and buffers",
    ),
    "random in evaluation": (
        {"body": f"return torch.dropout({OUTPUTS}, 0.5, True)"}, "def forward", "other outputs the second time",
    ),
    "other images in evaluation": (
        {"body": f"return {OUTPUTS} - x.mean()"}, "def forward", "depend on the other images of its batch",
    ),
}  # fmt: skip


def broken(folder: Path, name: str) -> tuple[UserFiles, str, str]:
    """The files, path and line that the message must have, and its words."""
    wrong, line, words = BROKEN[name]
    source = own_nets.one_layer(**wrong)
    number = next(i for i, text in enumerate(source.splitlines(), start=1) if line in text)
    return own_nets.written(folder, wrong=source), f"{folder}/nets/wrong.py:{number}", words


def check(trial: Trial) -> None:
    with trial.files.active():
        check_net(trial.settings, network.load_images(trial.settings))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_net_is_refused(name: str, tmp_path: Path) -> None:
    files, place, words = broken(tmp_path, name)
    with pytest.raises(BadPlugin, match=words) as caught:
        check(own_nets.trial(files, net={"name": "wrong"}))
    assert place in str(caught.value) and "\n" not in re.sub(r"mat1.*", "", str(caught.value))


def test_batch_norm_with_one_example_is_refused(tmp_path: Path) -> None:
    files = own_nets.written(tmp_path, everything=own_nets.EVERYTHING)
    data = {"name": "digits", "train_size": 33, "test_size": 10}
    with pytest.raises(BadPlugin, match="two examples in every batch, got train_size 33, batch_size 32: change one"):
        check(own_nets.trial(files, data=data))


@pytest.mark.parametrize("optimizer", [{"name": "sgd", "batch_size": 3}, {"name": "gd"}], ids=str)
def test_good_nets_are_not_refused(optimizer: dict[str, object], tmp_path: Path) -> None:
    files = own_nets.written(tmp_path, everything=own_nets.EVERYTHING, plain=own_nets.one_layer())
    for net in ("everything", "plain"):
        check(own_nets.trial(files, net={"name": net}, optimizer=optimizer))


def test_a_launch_checks_nets_of_the_users_own_before_it_trains(tmp_path: Path) -> None:
    files, place, words = broken(tmp_path, "shape")
    with files.active(), pytest.raises(BadPlugin, match=words) as caught:
        network.prepare([own_nets.trial(files, seed, net={"name": "wrong"}) for seed in range(2)])
    assert place in str(caught.value)
