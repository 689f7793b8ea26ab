"""Malformed sweep files: a good one, and what is put into it."""

from typing import NamedTuple

GOOD = """\
title: Error against width
experiment: network
fixed:
  data: {name: digits, train_size: 100}
  net: {name: convnet, depth: 3}
  optimizer: {name: sgd, batch_size: 20}
  epochs: 2
vary:
  net.width: [2, 4]
  seed: {count: 2}
measure: [error, risk, parameters]
curves:
  - {name: a, x: net.width, y: error}
claims:
  - {name: no_overfitting, tolerance: 0.01}
profiles:
  debug: {fixed: {epochs: 1}}
"""
WIDTHS, SEEDS = "  net.width: [2, 4]\n", "  seed: {count: 2}\n"


class Case(NamedTuple):
    """`new` for `old` in the good file (all of it where `old` is empty); the line and column, and what is said."""

    name: str
    old: str
    new: str | bytes
    at: str
    says: tuple[str, ...]
    profile: str | None = None
    sets: tuple[str, ...] = ()

    def content(self) -> bytes:
        new = self.new if isinstance(self.new, bytes) else self.new.encode()
        assert self.old in GOOD
        return GOOD.encode().replace(self.old.encode(), new) if self.old else new


def fixed(name: str, old: str, new: str, at: str, *says: str) -> Case:
    return Case(name, f"  {old}\n", f"  {new}\n", at, says)


def widths(name: str, new: str, at: str, *says: str) -> Case:
    return Case(name, WIDTHS, new, at, says)


def curve(name: str, says: str, at: str, *said: str, measure: str = "[error, risk, parameters]") -> Case:
    """The curve of the good file with another y."""
    good = GOOD.replace("y: error", says).replace("[error, risk, parameters]", measure)
    return Case(name, "", good, at, said)


def heatmap(name: str, says: str, at: str, *said: str) -> Case:
    """The good file with a heat map."""
    return Case(name, "claims:\n", f"heatmaps:\n  - {{name: h, {says}}}\nclaims:\n", at, said)


CASES = [
    # what is derived
    curve("a derived y of two kinds", "y: {gap: error, ratio: [error, risk]}", "13:29", "got gap and ratio"),
    curve("a misspelt derivation", "y: {gapp: error}", "13:33", "unknown key 'gapp', did you mean 'gap'?"),
    curve("a gap of what is no measure", "y: {gap: eror}", "13:33", "unknown measure 'eror', did you mean 'error'?"),
    curve("a gap with a split", "y: {gap: error}, split: test", "13:5", "says itself what it is measured on"),
    curve("a gap of what has no test", "y: {gap: parameters}", "13:33", "parameters is not recorded on train"),
    curve("a first step with no bound", "y: {first_step: {measure: error, split: train}}", "13:33", "needs at_most"),
    curve("a first step on no split", "y: {first_step: {measure: error, at_most: 0}}", "13:46", "not recorded on no"),
    curve("a ratio of one", "y: {ratio: [error]}", "13:33", "needs more values"),
    curve("a measure as what is derived", "y: {measure: error}", "13:29", "write the measure alone, error"),
    curve("an at that is none", "y: error, at: lats", "13:39", "got the text 'lats'; did you mean 'last'?"),
    curve("matched with no risk", "y: error, at: matched", "13:39", "risk is not measured", measure="[error]"),
    curve("a reference over nothing", "y: risk, reference: {value: 2, over: epoch}", "13:60", "did you mean 'epochs'?"),
    curve("a reference over texts", "y: risk, reference: {value: 2, over: loss}", "13:38", "and loss has texts"),
    heatmap("a heat map of one axis", "x: epochs, y: epochs, z: risk, split: test", "15:5", "x and y must differ"),
    heatmap("a heat map over a measure", "x: risk, y: step, z: risk, split: test", "15:15", "unknown setting or step"),
    heatmap("a heat map on no split", "x: net.width, y: step, z: error", "15:5", "error is not recorded on no split"),
    heatmap("a heat map that forgets what varies", "x: step, y: epochs, z: error, split: test", "15:5",
            "a cell would have several values at the same step and epochs: its trials differ in net.width"),
    curve("a step that is not recorded", "y: error, at: 3", "13:39", "not every trial records step 3; one records 0"),
    curve("a layer of no net", "y: frobenius_norm, layer: conv9", "13:48", "unknown layer 'conv9', did you mean",
          measure="[error, frobenius_norm]"),
    # the file as text
    Case("an empty file", "", "", "1:1", ("the file is empty", "title, experiment")),
    Case("only a comment", "", "# nothing\n", "1:1", ("the file is empty",)),
    Case("a list", "", "- 1\n- 2\n", "1:1", ("expected keys at the top", "a list [1, 2]")),
    Case("a text", "", "learning rate 0.1\n", "1:1", ("expected keys at the top", "'learning rate 0.1'")),
    Case("a tab", "", "fixed:\n\tepochs: 2\n", "2:1", ("a tab", "spaces")),
    Case("an open bracket", "[2, 4]", "[2, 4", "10:7", ("a list '[' is not closed",)),
    Case("an open brace", "{count: 2}", "{count: 2", "11:8", ("a mapping '{' is not closed",)),
    Case("an open quote", "risk, parameters]", 'risk, "parameters]', "18:1", ("close its quotes",)),
    Case("a colon in a title", "Error against", "Error: against", "1:13",
         ("put a text that contains ': ' in quotes",)),
    Case("wrong indentation", "  epochs: 2\n", "   epochs: 2\n", "7:4", ("check the indentation",)),
    Case("not UTF-8", "Error", b"Fehlergr\xf6\xdfe", "1:16", ("not valid UTF-8 (byte 0xf6)",
         "save the file as UTF-8")),
    Case("a NUL byte", "width\nexp", "width\0\nexp", "1:27", ("U+0000", "remove it")),
    Case("two documents", "measure:", "---\nmeasure:", "11:1", ("second document", "leave '---' out")),
    Case("a key given twice", "  epochs: 2\n", "  epochs: 2\n  epochs: 3\n", "8:3", ("'epochs' is given twice",
         ":7:3")),
    Case("a tag that runs code", "[error, risk, parameters]", "!!python/object/apply:os.system [ls]", "11:10",
         ("tag", "python/object/apply:os.system' is not allowed", "leave it out")),
    Case("a tag", "epochs: 2", "epochs: !big 2", "7:11", ("tag '!big' is not allowed",)),
    Case("an alias", "[2, 4]", "*widths", "9:14", ("aliases (*) are not allowed", "write the value out")),
    Case("an anchor", "[2, 4]", "&widths [2, 4]", "9:14", ("anchors (&)", "not allowed")),
    Case("nested too deeply", "[2, 4]", "[" * 40 + "]" * 40, "9:45", ("nested too deeply", "32 levels")),
    Case("too many bytes", "", "#" * 1_000_001, "1:1", ("1,000,001 bytes", "at most 1,000,000")),
    Case("too many values", "[2, 4]", "[" + "1," * 20_001 + "]", "9:39953", ("more than 20,000 keys and values",)),
    Case("half a character", "Error against width", r'"\ud800"', "1:8", ("half a character, U+D800",)),
    Case("a key that is a number", "title:", "1:", "1:1", ("a key must be a word, got 1", "in quotes: '1'")),
    Case("a key that is a list", "title:", "[a, b]:", "1:1", ("a key must be a word",)),
    Case("a password", "title:", "api_key: hunter2\ntitle:", "1:1", ("'api_key' looks like a secret", "environment")),
    # numbers
    fixed("a number in quotes", "epochs: 2", 'epochs: "2"', "7:3", "expected an integer", "'2'", "remove the quotes"),
    fixed("a word for a number", "epochs: 2", "epochs: two", "7:3", "expected an integer", "the text 'two'"),
    fixed("a decimal comma", "epochs: 2", "epochs: 2\n  net.init_scale: 0,01", "8:3", "expected a number",
          "'0,01'; write 0.01"),
    fixed("a decimal comma between braces", "optimizer: {name: sgd, batch_size: 20}",
          "optimizer: {name: sgd, batch_size: 20, learning_rate: 0,01}", "6:57",
          "a decimal comma, got 0,01; write 0.01"),
    fixed("thousands with commas", "epochs: 2", "epochs: 1,000", "7:3", "'1,000'; write 1000"),
    fixed("an underscore in a number", "epochs: 2", "epochs: 1_000", "7:3", "expected an integer", "write 1000"),
    fixed("a leading zero", "epochs: 2", "epochs: 010", "7:11", "leading zeros are ambiguous, got 010; write 10"),
    fixed("minutes and seconds", "epochs: 2", "epochs: 1:30", "7:3", "expected an integer", "'1:30'"),
    fixed("half an epoch", "epochs: 2", "epochs: 2.5", "7:3", "expected an integer, got 2.5"),
    fixed("a whole number with a point", "epochs: 2", "epochs: 1e2", "7:3",
         "expected an integer, got 100.0; write 100"),
    fixed("yes for a number", "epochs: 2", "epochs: yes", "7:3", "expected an integer, got the text 'yes'"),
    fixed("true for a number", "epochs: 2", "epochs: true", "7:3", "expected an integer, got true"),
    fixed("no number", "epochs: 2", "epochs:", "7:3", "expected an integer, got nothing"),
    fixed("not a number", "epochs: 2", "epochs: .nan", "7:11", "must be a finite number, got .nan"),
    fixed("infinite", "epochs: 2", "epochs: -.inf", "7:11", "must be a finite number, got -.inf"),
    fixed("overflowing", "epochs: 2", "epochs: 1e400", "7:11", "must be a finite number, got 1e400"),
    fixed("beyond 64 bits", "epochs: 2", "epochs: 9223372036854775808", "7:11", "below 2^63"),
    fixed("zero epochs", "epochs: 2", "epochs: 0", "7:3", "must be > 0, got 0"),
    fixed("momentum 1", "optimizer: {name: sgd, batch_size: 20}", "optimizer: {momentum: 1.0}", "6:15",
          "fixed.optimizer.momentum: must be < 1, got 1.0"),
    fixed("a fraction above 1", "data: {name: digits, train_size: 100}", "data: {name: digits, label_noise: 1.5}",
         "4:24",
          "must be <= 1, got 1.5"),
    fixed("on for true", "net: {name: convnet, depth: 3}", "net: {name: convnet, depth: 3, batch_norm: on}", "5:34",
          "expected true or false, got the text 'on'; write true"),
    fixed("a number for a text", "epochs: 2", "epochs: 2\n  loss: 5", "8:3", "expected a text, got 5", "quotes: '5'"),
    fixed("a data file that does not exist", "data: {name: digits, train_size: 100}",
          "data: {name: npz, path: mine.npz}", "4:21", "mine.npz does not exist; a path begins at the folder of the"),
    fixed("a data set without its file", "data: {name: digits, train_size: 100}", "data: {name: parquet}", "4:3",
          "missing"),
    fixed("inputs that are none", "data: {name: digits, train_size: 100}", "data: {name: digits, inputs: shuffled}",
          "4:24", "shuffled_pixels"),
    fixed("more examples than there are", "data: {name: digits, train_size: 100}",
          "data: {name: digits, train_size: 1300}", "4:3",
          "train_size must be at most the 1,297 training examples there are, got 1300"),
    # names
    Case("a misspelt section", "measure:", "mesure:", "11:1", ("unknown key 'mesure'", "did you mean 'measure'?")),
    Case("a setting at the top", "measure:", "epochs: 3\nmeasure:", "11:1", ("unknown key 'epochs'",
         "under 'fixed'")),
    Case("no title", "title: Error against width\n", "", "1:1", ("missing required key 'title'",)),
    Case("an unknown experiment", "network\n", "netwrok\n", "2:1", ("unknown experiment 'netwrok'",
         "mean 'network'?")),
    fixed("a misspelt setting", "optimizer: {name: sgd, batch_size: 20}", "optimiser: {name: sgd}", "6:3",
          "unknown key 'optimiser'", "did you mean 'optimizer'?"),
    fixed("a misspelt setting inside", "net: {name: convnet, depth: 3}", "net: {name: convnet, dept: 3}", "5:24",
          "fixed.net.dept: unknown key 'dept'", "known: depth, width", "did you mean 'depth'?"),
    fixed("a misspelt dotted setting", "epochs: 2", "epochs: 2\n  net.batchnorm: true", "8:3",
          "fixed.net.batchnorm: unknown key", "did you mean 'batch_norm'?"),
    fixed("a setting one level too high", "epochs: 2", "epochs: 2\n  learning_rate: 0.1", "8:3",
          "unknown key 'learning_rate'", "did you mean 'optimizer.learning_rate'?"),
    fixed("a missing setting", "epochs: 2", "", "3:1", "missing required key 'epochs'"),
    fixed("an unknown net", "net: {name: convnet, depth: 3}", "net: {name: resnt8}", "5:9", "unknown net 'resnt8'",
         "known: "),
    fixed("a net without a name", "net: {name: convnet, depth: 3}", "net: {depth: 3}", "5:3", "missing 'name'",
         "convnet"),
    fixed("a net that is a word but varies", "net: {name: convnet, depth: 3}", "net: convnet", "9:3",
         "'net' is also fixed, at", "must be a mapping"),
    fixed("an unknown loss", "epochs: 2", "epochs: 2\n  loss: cross_entrpy", "8:3", "did you mean 'cross_entropy'?"),
    fixed("an unknown word", "epochs: 2", "epochs: 2\n  precision: flaot32", "8:3",
          "got the text 'flaot32'; did you mean 'float32'?"),
    fixed("an unknown optimizer", "optimizer: {name: sgd, batch_size: 20}", "optimizer: {name: sdg}", "6:15",
          "unknown optimizer 'sdg', did you mean 'sgd'?"),
    Case("an unknown measure", "[error, risk,", "[error, rsk,", "11:18", ("unknown measure 'rsk'",
         "did you mean 'risk'?")),
    Case("an unknown measure in a curve", "y: error", "y: eror", "13:29", ("unknown measure 'eror'",
         "mean 'error'?")),
    Case("an unknown setting in a curve", "x: net.width", "x: net.widht", "13:15", ("did you mean 'net.width'?",)),
    Case("an unknown band", "y: error}", "y: error, band: ci99}", "13:39", ("'ci95'", "got the text 'ci99'")),
    Case("a condition on no setting", "tolerance: 0.01", "where: {net.bias_: all}", "15:36",
         ("did you mean 'net.bias'?",)),
    Case("a condition that no trial fulfils", "tolerance: 0.01", "where: {net.width: 8}", "15:36",
         ("no trial has net.width = 8", "there are 2, 4")),
    Case("conditions that exclude each other", "y: error}", "y: error, where: {net.width: [2], seed: 2}}", "13:63",
         ("no trial has seed = 2", "conditions before it have 0, 1")),
    Case("an unknown claim", "no_overfitting,", "no_overfiting,", "15:6", ("unknown claim",
         "mean 'no_overfitting'?")),
    Case("a negative tolerance", "tolerance: 0.01", "tolerance: -1", "15:28", ("claims.0.tolerance: must be >= 0",)),
    Case("a curve that cannot be a file", "name: a,", "name: a/b,", "13:6", ("curves.0.name: must match", "'a/b'")),
    Case("a panel of one curve", "claims:", "panels: [{name: p, curves: [a]}]\nclaims:", "14:20",
         ("at least 2 values",)),
    Case("a claim plot of no claim", "claims:", "claim_plots: [{name: p, claim: ranks, estimate: tau}]\nclaims:",
         "14:25", ("unknown claim 'ranks'", "no_overfitting")),
    Case("a correlation of lines", "y: error}", "y: error, correlation: kendall}", "13:5",
         ("correlation is of points",)),
    Case("two curves of one name", "y: error}", "y: error}\n  - {name: a, x: seed, y: risk}", "14:6",
         ("'a' is also",)),
    Case("no value of a list", "y: error}", "y: error, where: {net.width: [2, 3]}}", "13:62",
         ("no trial has net.width = 3; there are 2, 4", "the nearest is 2")),
    Case("a condition of another type", "y: error}", 'y: error, where: {net.width: "2"}}', "13:47",
         ("the text '2' is no value of net.width", "there are numbers: 2, 4; the nearest is 2")),
    Case("a clock that is no measure", "{name: no_overfitting, tolerance: 0.01}",
         "{name: ordered_along, along: net.width, y: error, split: test, order: falling, clock: tiem}", "15:84",
         ("unknown measure or step 'tiem'", "step")),
    Case("an order along no setting", "{name: no_overfitting, tolerance: 0.01}",
         "{name: ordered_along, along: net.widht, y: error, split: test, order: falling, clock: step}", "15:27",
         ("unknown setting 'net.widht', did you mean 'net.width'?",)),
    Case("an arm that is no setting", "{name: no_overfitting, tolerance: 0.01}",
         "{name: exceeds_control, arm: perturbation.nam}", "15:29", ("mean 'perturbation.name'?",)),
    Case("a control that no trial is", "{name: no_overfitting, tolerance: 0.01}",
         "{name: exceeds_control, arm: net.width, control: none}", "15:45",
         ("the text 'none' is no value of net.width",)),
    Case("a side that no trial is on", "{name: no_overfitting, tolerance: 0.01}",
         "{name: agrees, one: {net.width: 2}, other: {net.width: 3}, also: [sed]}", "15:71",
         ("unknown setting 'sed'", "mean 'seed'?")),
    Case("another side that no trial is on", "{name: no_overfitting, tolerance: 0.01}",
         "{name: agrees, one: {net.width: 2}, other: {net.width: 3}}", "15:49",
         ("no trial has net.width = 3; there are 2, 4",)),
    Case("a claim on random labels of trials with true ones", "{name: no_overfitting, tolerance: 0.01}",
         "{name: fits_random_labels, size: net.width}", "15:5",
         ("fits_random_labels needs random labels, data.label_noise 1.0, got 0.0",)),
    Case("two kinds that differ in more than is said", "{name: no_overfitting, tolerance: 0.01}",
         "{name: agrees, one: {net.width: 2}, other: {net.width: 2}}", "15:5",
         ("a trial is both net.width 2 and net.width 2",)),
    Case("a threshold that is no setting", "{name: a, x: net.width, y: error}",
         "{name: a, x: parameters, y: error, threshold: data.size}", "13:40", ("unknown setting 'data.size'",)),
    Case("a split that is not recorded", "y: error}", "y: parameters, split: [test]}", "13:52",
         ("parameters is not recorded on test; it is on no split",)),
    curve("a best step of what has none", "y: parameters, at: best", "13:44", "none of them is recorded on test; leave",
          measure="[parameters]"),
    Case("a group that is no setting", "y: error}", "y: error, group: [net.widht]}", "13:47",
         ("unknown setting 'net.widht'",)),
    Case("a group that forgets what varies", "{name: a, x: net.width, y: error}",
         "{name: a, x: step, y: error, group: []}", "13:34",
         ("several points at the same step", "trials differ in net.width; name that in `group`")),
    Case("a logarithm of texts", "{name: a, x: net.width, y: error}",
         "{name: a, x: net.name, y: error, x_scale: log, points: true}", "13:38",
         ("needs numbers, and net.name has texts (convnet)",)),
    # axes
    widths("an empty axis", "  net.width: []\n", "9:3", "the list is empty", "no trials"),
    widths("one value as an axis", "  net.width: 5\n", "9:3", "expected a list", "got 5", "belongs under 'fixed'"),
    widths("an unknown axis form", "  net.width: {range: [1, 5]}\n", "9:3", "count, linear_space or log_space",
         "range"),
    widths("equal values", "  optimizer.learning_rate: [0.1, 1e-1]\n", "9:3", "values 1 and 2 are equal (0.1)",
         "drop one"),
    widths("a key called int", "  net.width: {log_space: {int: 1}, count: 2}\n", "9:15",
         "expected a list, got a mapping"),
    widths("another key called int", "  net.width: {log_space: [1, 8], count: 3, int: 1}\n", "9:44",
         "unknown key 'int'"),
    widths("mixed types", "  net.width: [1, a, null]\n", "9:18", "expected an integer or a list, got the text 'a'"),
    widths("a negative value", "  optimizer.learning_rate: [0.1, -0.1]\n", "9:34", "must be > 0, got -0.1"),
    widths("a misspelt axis", "  net.widht: [1, 2]\n", "9:3", "unknown key 'widht'", "did you mean 'width'?"),
    widths("a log_space from 0", "  net.width: {log_space: [0, 8], count: 2}\n", "9:3", "0 < low < high, got [0, 8]"),
    widths("a falling space", "  net.width: {linear_space: [8, 2], count: 2}\n", "9:3",
         "needs low < high, got [8, 2]"),
    widths("a space of one", "  net.width: {log_space: [1, 8], count: 1}\n", "9:34",
         "net.width.count: must be >= 2, got 1"),
    widths("half a space", "  net.width: {log_space: [8], count: 3}\n", "9:15", "needs more values, got a list [8]"),
    widths("a space without count", "  net.width: {log_space: [1, 8]}\n", "9:3", "missing required key 'count'"),
    widths("a misspelt space", "  optimizer.learning_rate: {log_spce: [0.01, 1], count: 5}\n", "9:29",
           "unknown key 'log_spce', did you mean 'log_space'?"),
    widths("integers from a space", "  net.width: {log_space: [1, 64], count: 7}\n", "9:3", "expected integers",
           "add integer: true"),
    widths("a misspelt key of a space", "  net.width: {log_space: [1, 8], count: 3, intger: true}\n", "9:44",
         "did you mean 'integer'?"),
    widths("rounded to equal", "  net.width: {log_space: [1, 2], count: 5, integer: true}\n", "9:3",
         "values 1 and 2 are equal", "lower the count"),
    Case("a negative count", "count: 2", "count: -2", "10:10", ("must be > 0, got -2",)),
    Case("a huge count", "count: 2", "count: 10000000000", "10:10", ("must be <= 100000",)),
    Case("too many trials", "count: 2", "count: 100000", "8:1", ("200,000 trials", "net.width 2 x seed 100000",
         "vary less")),
    Case("fixed and varied", "  epochs: 2\n", "  epochs: 2\n  net.width: 8\n", "10:3",
         ("'net.width' is also fixed, at", ":8:3")),
    Case("varied twice", WIDTHS, "  net.width: [2, 4]\n  net: [{width: 3}, {width: 4}]\n", "10:3",
         ("also varied, by the axis",)),
    Case("fixed twice", "  epochs: 2\n", "  epochs: 2\n  net.depth: 4\n", "8:3", ("'net.depth' is given twice",
         "keep one")),
    Case("a value and a mapping", "  optimizer: {name: sgd, batch_size: 20}\n",
         "  optimizer: sgd\n  optimizer.momentum: 0.5\n",
         "7:3", ("'optimizer' is given both as a value and as a mapping",)),
    Case("measured twice", "  epochs: 2\n", "  epochs: 2\n  measure: [norm]\n", "8:3", ("given twice, also at",
         ":12:1")),
    Case("zip of unequal axes", SEEDS, "  seed: {count: 3}\nzip: [[net.width, seed]]\n", "11:7",
         ("equally many values, but 'net.width' has 2, 'seed' has 3",)),
    Case("zip of an unknown axis", SEEDS, SEEDS + "zip: [[net.width, sed]]\n", "11:19", ("did you mean 'seed'?",)),
    Case("zip of one axis", SEEDS, SEEDS + "zip: [[seed]]\n", "11:7", ("at least two axes",)),
    Case("zip of an axis twice", SEEDS, SEEDS + "zip: [[net.width, seed, seed]]\n", "11:25",
         ("'seed' is named twice",)),
    Case("when of no axis", SEEDS, SEEDS + "when: {net.depth: {net.width: 2}}\n", "11:8",
         ("unknown axis 'net.depth'",)),
    Case("when on no setting", SEEDS, SEEDS + "when: {net.width: {net.nam: convnet}}\n", "11:20",
         ("mean 'net.name'?",)),
    Case("exclude on no setting", SEEDS, SEEDS + "exclude: [{net.widht: 2}]\n", "11:12",
         ("did you mean 'net.width'?",)),
    Case("when of no value", SEEDS, SEEDS + "when: {net.width: {optimizer.name: [sgd, sdg]}}\n", "11:42",
         ("no trial has optimizer.name = sdg; there are sgd",)),
    Case("all excluded", SEEDS, SEEDS + "exclude: [{net.width: [2, 4]}]\n", "11:1",
         ("every combination is excluded",)),
    Case("trials twice", WIDTHS, "  net: [{width: 16}, {batch_norm: false}]\n", "9:3", ("makes the same trial as",
         "drop one")),
    Case("an axis beyond the data", "data: {name: digits, train_size: 100}\n",
         "data: {name: digits}\n  data.test_size: 501\n", "4:3", ("at most the 500 test examples there are, got 501",)),
    Case("an axis that does not fit", WIDTHS, "  net.width: [2, [2, 4]]\n", "9:18",
         ("3 numbers (depth), got 2", "in the trial with net.width = [2, 4]")),
    # profiles and --set
    Case("a profile that is not chosen", "{epochs: 1}", "{epochs: 1}, vry: {}", "17:31", ("unknown key 'vry'",
         "mean 'vary'?")),
    Case("an axis of such a profile", "{epochs: 1}", "{epochs: 1}, vary: {seed: 3}", "17:38", ("expected a list",
         "got 3")),
    Case("a setting of a profile", "{epochs: 1}", "{epochs: 0}", "17:19", ("fixed.epochs: must be > 0, got 0",),
         "debug"),
    Case("an unknown profile", "", GOOD, "16:1", ("unknown profile 'debgu'", "mean 'debug'?"), "debgu"),
    Case("set a word for a mapping", "", GOOD, "--set", ("fixed.perturbation: expected a mapping",
         "write {name: gaussian}"), None,
         ("perturbation=gaussian",)),
    Case("set an unknown setting", "", GOOD, "--set", ("fixed.epoch: unknown", "mean 'epochs'?"), None, ("epoch=3",)),
    Case("set a bad value", "", GOOD, "--set", ("fixed.epochs: expected an integer",), None, ("epochs=many",)),
    Case("set without a value", "", GOOD, "--set", ("expected key=value, got 'epochs'",), None, ("epochs",)),
    Case("set what is no number", "", GOOD, "--set", ("epochs: must be a finite number",), None, ("epochs=.nan",)),
    Case("set what varies", "", GOOD, "--set", ("'seed' varies", ":10:3", "its axis", "--seeds"), None, ("seed=3",)),
]  # fmt: skip
