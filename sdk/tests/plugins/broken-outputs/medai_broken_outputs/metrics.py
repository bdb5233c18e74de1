"""Metrics of masks and of modules, each with one fault."""

import math

import torch

from medai.errors import EnvironmentFault


class Share:
    """The share of pixels whose class is right: a metric that keeps the contract."""

    better = "higher"

    def case(self, prediction, sample):
        right = prediction.labels == sample.reference.labels
        return int(right.sum()), right.numel()

    def total(self, parts):
        return {"share": sum(right for right, _ in parts) / sum(pixels for _, pixels in parts)}


class AveragesByBatch(Share):
    """Averages the averages of four cases each."""

    def total(self, parts):
        batches = [parts[start : start + 4] for start in range(0, len(parts), 4)]
        shares = [sum(right for right, _ in each) / sum(pixels for _, pixels in each) for each in batches]
        return {"share": sum(shares) / len(shares)}


class Remembers(Share):
    """Counts on from case to case."""

    def __init__(self):
        self.right, self.pixels = 0, 0

    def case(self, prediction, sample):
        right, pixels = super().case(prediction, sample)
        self.right, self.pixels = self.right + right, self.pixels + pixels
        return self.right, self.pixels


class UpsideDown(Share):
    """Says that lower is better."""

    better = "lower"


class NoWay(Share):
    """Says not which way is good."""

    better = "up"


class BlindToTheReference(Share):
    """Looks at the prediction alone."""

    def case(self, prediction, sample):
        return int((sample.reference.labels >= 0).sum()), sample.reference.labels.numel()


class CrashesOnEmpty(Share):
    """Divides by the pixels of a structure."""

    def case(self, prediction, sample):
        truth = sample.reference.labels > 0
        return int((truth & (prediction.labels > 0)).sum()), 1 if int(truth.sum()) // int(truth.sum()) else 0


class LosesAllToOneEmpty(Share):
    """One case without a structure makes the figure of all of them NaN."""

    def case(self, prediction, sample):
        truth = sample.reference.labels > 0
        shared, both = int((truth & (prediction.labels > 0)).sum()), int(truth.sum()) + int((prediction.labels > 0).sum())
        return (2 * shared / both if bool(truth.any()) else math.nan), 1


class SecondIsConstant(Share):
    """A second figure that says nothing of the predictions."""

    def total(self, parts):
        return {**super().total(parts), "quality": 1.0}


class SecondFavoursTheWrong(Share):
    """A second figure that is the better, the more is wrong."""

    def total(self, parts):
        share = super().total(parts)["share"]
        return {"share": share, "errors": 1 - share}


class SumsUp(Share):
    """How many pixels are wrong, in all cases together."""

    better = "lower"

    def total(self, parts):
        return {"errors": float(sum(pixels - right for right, pixels in parts))}


class RootOfASum(SumsUp):
    """Behind a figure that is sound."""

    def total(self, parts):
        wrong = super().total(parts)["errors"]
        return {"error": wrong / sum(pixels for _, pixels in parts), "root": math.sqrt(wrong)}


class EndlessOnEmpty(Share):
    """The logarithm of the share of foreground that was found: of none, it has no end."""

    def case(self, prediction, sample):
        truth = sample.reference.labels > 0
        found = int((truth & (prediction.labels > 0)).sum())
        return math.log(found / int(truth.sum())) if found else -math.inf if bool(truth.any()) else math.nan

    def total(self, parts):
        defined = [part for part in parts if not math.isnan(part)]
        return {"log-sensitivity": sum(defined) / len(defined) if defined else math.nan}


class SecondLosesAllToOneEmpty(Share):
    """One case without a structure makes the second figure of all of them NaN."""

    def case(self, prediction, sample):
        truth = sample.reference.labels > 0
        found = int((truth & (prediction.labels > 0)).sum())
        return *super().case(prediction, sample), found / int(truth.sum()) if bool(truth.any()) else math.nan

    def total(self, parts):
        return {**super().total([part[:2] for part in parts]), "sensitivity": sum(part[2] for part in parts) / len(parts)}


class Deviation(Share):
    """Sound: beside the share, how much it varies from case to case, as it is estimated of few; NaN of one."""

    better = "higher"

    def total(self, parts):
        shares = [right / pixels for right, pixels in parts]
        mean = sum(shares) / len(shares)
        if len(shares) == 1:
            return {"share": mean, "certainty": math.nan}
        return {"share": mean, "certainty": 1 - math.sqrt(sum((each - mean) ** 2 for each in shares) / (len(shares) - 1))}


class GivesTensors(Share):
    """Figures as tensors."""

    def total(self, parts):
        return {"share": torch.tensor(super().total(parts)["share"])}


class ChangesWhatItGets(Share):
    """Empties the prediction when it is done."""

    def case(self, prediction, sample):
        found = super().case(prediction, sample)
        prediction.labels.zero_()
        return found


class HandsOutItsState(Share):
    """Gives the same list each time, with other numbers in it."""

    def __init__(self):
        self.held = [0, 0]

    def case(self, prediction, sample):
        self.held[:] = super().case(prediction, sample)
        return self.held


class NamesByNumber(Share):
    """Names its figure by how many cases there are."""

    def total(self, parts):
        return {f"share-of-{len(parts)}": super().total(parts)["share"]}


class Weights:
    """How many weights a module has: a metric of models that keeps the contract."""

    def measure(self, model, batch):
        return {"weights": float(sum(each.numel() for each in model.parameters()))}


class LeavesItTraining(Weights):
    """Puts the module into training and leaves it there."""

    def measure(self, model, batch):
        model.train()
        return super().measure(model, batch)


class CountsInWholes(Weights):
    """Figures as whole numbers."""

    def measure(self, model, batch):
        return {"weights": sum(each.numel() for each in model.parameters())}


class Steps:
    """How many steps were logged: a metric of trainings that keeps the contract."""

    better = "lower"

    def measure(self, journal):
        return {"steps": float(max((line["step"] for line in journal), default=math.nan))}


class FailsOnAnEmptyJournal(Steps):
    """Takes it that something was logged."""

    def measure(self, journal):
        return {"steps": float(journal[-1]["step"])}


class Chooses(Share):
    """The share of pixels that are right, above one that was chosen: a metric that chooses, and keeps the contract.

    Args:
        least: the share that is taken off.
    """

    def __init__(self, least: float = 0.0):
        self.least = least

    def total(self, parts):
        return {"chosen-share": max(super().total(parts)["share"] - self.least, 0.0)}

    def settled(self, parts):
        return {"least": super().total(parts)["share"] / 4}


class ChoosesAnothersParameter(Chooses):
    """Chooses what its constructor does not take.

    Args:
        least: the share that is taken off.
    """

    def settled(self, parts):
        return {"most": 1.0}


class NamesWhatItChose(Chooses):
    """Gives its figure another name when it has chosen.

    Args:
        least: the share that is taken off.
    """

    def total(self, parts):
        (value,) = super().total(parts).values()
        return {f"share-{'chosen' if self.least else 'free'}": value}


class ChoosesByChance(Chooses):
    """Chooses another value each time it is asked.

    Args:
        least: the share that is taken off.
    """

    def settled(self, parts):
        return {"least": float(torch.rand(()))}


class NeedsAnExtra(Share):
    """Needs a package that is not there, as its spec says."""

    def __init__(self):
        raise EnvironmentFault("a package is missing: pip install 'medai-broken-outputs[extra]'")


class Untyped(Share):
    """A parameter without a type.

    Args:
        power: what shares are raised to.
    """

    def __init__(self, power=1):
        self.power = power


class Undocumented(Share):
    """A parameter of which nothing is said."""

    def __init__(self, power: int = 1):
        self.power = power
