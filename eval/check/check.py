"""Compares the scores of this crate with independent implementations, on random data.

    check.py PROGRAM

PROGRAM is the example `scores` of the crate `eval`: JSON in, JSON out. What is a formula must agree to 1e-9, what is
fitted to 1e-6; what is drawn at random (bootstrap intervals) must agree as well as two random draws do.
"""

import json
import random
import subprocess
import sys

import numpy
import pytrec_eval
import ranx
import scipy.stats
import statsmodels.api
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    cohen_kappa_score,
    confusion_matrix,
    precision_recall_fscore_support,
    roc_auc_score,
)
from statsmodels.stats.multitest import multipletests

EXACT = 1e-9
# Two iterations that end at a minimum each within a tolerance of its own.
FITTED = 1e-6
SEEDS = range(5)
ACTIONS = ["answer", "clarify", "needs_identity", "handoff"]


class Differences:
    """The largest difference by name, and what was beyond its bound."""

    def __init__(self):
        self.largest = {}
        self.wrong = []

    def add(self, name, ours, theirs, bound=EXACT):
        difference = abs(ours - theirs)
        self.largest[name] = max(difference, self.largest.get(name, 0.0))
        if not difference <= bound:
            self.wrong.append(f"{name}: ours {ours}, theirs {theirs}")


def data(seed):
    rng = random.Random(seed)
    rankings = []
    for _ in range(200):
        docs = [f"d{i}" for i in range(30)]
        ranked = rng.sample(docs, rng.randint(1, 25))
        judged = rng.sample(docs, rng.randint(1, 8))
        relevant = [{"doc_id": doc, "grade": rng.randint(0, 3)} for doc in judged]
        if all(one["grade"] == 0 for one in relevant):
            relevant[0]["grade"] = 1
        rankings.append({"ranked": ranked, "relevant": relevant})
    values = [rng.random() for _ in range(300)]
    # No probability on the border of two bins: there implementations may round apart.
    calibration = [(p, rng.random() < p * p) for p in (rng.random() for _ in range(500))]
    rows = [[rng.gauss(0, 1) for _ in range(8)] for _ in range(300)]
    labels = [float(row[0] - 0.5 * row[1] + rng.gauss(0, 1) > 0.4) for row in rows]
    scored = [(row[0], bool(rng.random() < 1 / (1 + numpy.exp(-2 * row[0] + 1)))) for row in rows]
    # Rounded, so that some share their x.
    steps = [(round(rng.random(), 2), float(rng.random() < 0.6)) for _ in range(200)]
    return {
        "logistic": {"rows": rows, "labels": labels, "penalty": 10 ** rng.uniform(-1, 2)},
        "scored": scored,
        "isotonic": steps,
        "binomial": [(rng.randint(0, n), n, rng.uniform(0.01, 0.3)) for n in (rng.randint(1, 3000) for _ in range(100))],
        "rankings": rankings,
        "decisions": [(rng.choice(ACTIONS), rng.choice(ACTIONS)) for _ in range(10_000)],
        "calibration": calibration,
        "rates": [(rng.randint(0, n), n) for n in (rng.randint(1, 500) for _ in range(100))],
        "discordant": [(rng.randint(0, 40), rng.randint(1, 40)) for _ in range(100)],
        "p_values": [rng.random() ** 3 for _ in range(25)],
        "values": values,
        "clusters": [f"c{i // 3}" for i in range(300)],
        "paired": [(float(rng.random() < 0.4), float(rng.random() < 0.7)) for _ in range(12)],
        "quantiles": [rng.random() for _ in range(50)] + [0.0, 1.0],
        "ratings": [(a, min(4, max(0, a + rng.randint(-2, 2)))) for a in (rng.randint(0, 4) for _ in range(200))],
        "passes": [(rng.randint(0, n), n, rng.randint(1, n)) for n in (rng.randint(1, 12) for _ in range(100))],
        "sizes": [(rng.uniform(0.5, 0.8), rng.uniform(0.02, 0.1), rng.uniform(0.1, 0.4)) for _ in range(50)],
    }


def rankings(given, ours, out):
    qrels = {str(i): {j["doc_id"]: j["grade"] for j in one["relevant"]} for i, one in enumerate(given)}
    run = {
        str(i): {doc: float(len(one["ranked"]) - rank) for rank, doc in enumerate(one["ranked"])}
        for i, one in enumerate(given)
    }
    trec = pytrec_eval.RelevanceEvaluator(
        qrels, {"ndcg_cut_10", "recall_5", "recall_10", "recip_rank", "success_1", "success_5"}
    ).evaluate(run)
    names = {
        "ndcg@10": "ndcg_cut_10",
        "recall@5": "recall_5",
        "recall@10": "recall_10",
        "mrr": "recip_rank",
        "hit@1": "success_1",
        "hit@5": "success_5",
    }
    for i, one in enumerate(ours):
        for mine, theirs in names.items():
            out.add(f"{mine} (trec_eval)", one[mine], trec[str(i)][theirs])
    judged = {q: {d: g for d, g in docs.items() if g > 0} for q, docs in qrels.items()}
    kept = {"ndcg@10": "ndcg@10", "recall@5": "recall@5", "recall@10": "recall@10", "mrr": "mrr", "hit@5": "hit_rate@5"}
    found = ranx.evaluate(ranx.Qrels(judged), ranx.Run(run), list(kept.values()), return_mean=False)
    order = list(ranx.Qrels(judged).qrels.keys())
    for mine, theirs in kept.items():
        for query, value in zip(order, found[theirs]):
            out.add(f"{mine} (ranx)", ours[int(query)][mine], float(value))


def decisions(given, ours, out):
    labels, deeds = [one[0] for one in given], [one[1] for one in given]
    # Asking who is asking is a way of asking back: for the accuracy a label `clarify` is met by it.
    met = [label if (label, deed) == ("clarify", "needs_identity") else deed for label, deed in given]
    out.add("accuracy (scikit-learn)", ours["accuracy"]["value"], accuracy_score(labels, met))
    handoff = [[one == "handoff" for one in side] for side in (labels, deeds)]
    precision, recall, f1, _ = precision_recall_fscore_support(*handoff, average="binary")
    for name, theirs in [("precision", precision), ("recall", recall), ("f1", f1)]:
        out.add(f"handoff_{name} (scikit-learn)", ours[f"handoff_{name}"]["value"], theirs)
    table = confusion_matrix(*handoff)
    interval = scipy.stats.binomtest(int(table[1][1]), int(table[1].sum())).proportion_ci(method="wilson")
    out.add("handoff_recall low (scipy)", ours["handoff_recall"]["low"], interval.low)


def statistics(given, ours, out, seed):
    probability, came = (numpy.array(side) for side in zip(*given["calibration"]))
    true, said = calibration_curve(came, probability, n_bins=10, strategy="uniform")
    counts = numpy.histogram(probability, bins=10, range=(0, 1))[0]
    counts = counts[counts > 0]
    out.add("calibration_error (scikit-learn)", ours["calibration_error"], float((abs(true - said) * counts).sum() / counts.sum()))
    for (k, n), mine in zip(given["rates"], ours["wilson"]):
        interval = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
        out.add("wilson (scipy)", mine["low"], interval.low)
        out.add("wilson (scipy)", mine["high"], interval.high)
    for (b, c), mine in zip(given["discordant"], ours["mcnemar"]):
        out.add("mcnemar (scipy)", mine, scipy.stats.binomtest(b, b + c).pvalue)
    for mine, theirs in zip(ours["holm"], multipletests(given["p_values"], method="holm")[1]):
        out.add("holm (statsmodels)", mine, float(theirs))
    for mine, theirs in zip(ours["quantiles"], numpy.quantile(given["values"], given["quantiles"])):
        out.add("quantile (numpy)", mine, float(theirs))
    # An end that lies beyond the values is absent here and not a number there.
    for q, mine in zip(given["quantiles"], ours["quantile_intervals"]):
        if 0 < q < 1:
            test = scipy.stats.quantile_test(given["values"], p=q).confidence_interval(confidence_level=0.95)
            for mine_end, their_end in [(mine["low"], test.low), (mine["high"], test.high)]:
                unknown = mine_end is None or numpy.isnan(their_end)
                out.add("quantile interval (scipy)", 0.0 if unknown else mine_end, 0.0 if unknown else float(their_end))
                out.add("quantile interval, unknown (scipy)", float(mine_end is None), float(numpy.isnan(their_end)))
    first, second = zip(*given["ratings"])
    for name, weights in [("kappa", None), ("weighted_kappa", "quadratic")]:
        theirs = cohen_kappa_score(first, second, labels=range(5), weights=weights)
        out.add(f"{name} (scikit-learn)", ours[name], float(theirs))
    for (right, n, k), mine in zip(given["passes"], ours["passes"]):
        # The chance that k drawn without putting back are all right.
        out.add("pass^k (scipy)", mine, float(scipy.stats.hypergeom(n, right, k).pmf(k)))
    z, power = scipy.stats.norm.ppf(0.975), scipy.stats.norm.ppf(0.8)
    for (p, difference, share), (independent, paired) in zip(given["sizes"], ours["sizes"]):
        q = p + difference
        pooled = (p + q) / 2
        n = ((z * (2 * pooled * (1 - pooled)) ** 0.5 + power * (p * (1 - p) + q * (1 - q)) ** 0.5) / difference) ** 2
        out.add("sample size", independent, float(numpy.ceil(n)))
        n = ((z * share**0.5 + power * (share - difference**2) ** 0.5) / difference) ** 2
        out.add("sample size, paired", paired, float(numpy.ceil(n)))
    a, b = (numpy.array(side) for side in zip(*given["paired"]))
    test = scipy.stats.permutation_test(
        (a, b), lambda x, y: y.mean() - x.mean(), permutation_type="samples", n_resamples=numpy.inf
    )
    out.add("permutation (scipy)", ours["permutation"], float(test.pvalue))
    mean = scipy.stats.bootstrap(
        (numpy.array(given["values"]),), numpy.mean, n_resamples=9999, method="percentile", rng=numpy.random.default_rng(seed)
    ).confidence_interval
    # Both ends are drawn: 2,000 resamples of 300 values leave about 0.002 of noise.
    out.add("bootstrap (scipy, drawn)", ours["mean"]["low"], float(mean.low), bound=0.006)
    out.add("bootstrap (scipy, drawn)", ours["mean"]["high"], float(mean.high), bound=0.006)
    # Equal clusters of three: the mean of the clusters' means, drawn by cluster.
    groups = numpy.array(given["values"]).reshape(-1, 3).mean(axis=1)
    mean = scipy.stats.bootstrap(
        (groups,), numpy.mean, n_resamples=9999, method="percentile", rng=numpy.random.default_rng(seed)
    ).confidence_interval
    out.add("clustered bootstrap (scipy, drawn)", ours["mean_clustered"]["low"], float(mean.low), bound=0.006)
    out.add("clustered bootstrap (scipy, drawn)", ours["mean_clustered"]["high"], float(mean.high), bound=0.006)


def calibration(given, ours, out):
    said, came = zip(*given["calibration"])
    out.add("brier (scikit-learn)", ours["brier"], brier_score_loss(came, said))
    out.add("auc (scikit-learn)", ours["auc"], roc_auc_score(came, said))
    task = given["logistic"]
    fit = LogisticRegression(C=1 / task["penalty"], solver="newton-cholesky", tol=1e-12, max_iter=1000)
    fit.fit(task["rows"], task["labels"])
    for mine, theirs in zip([*ours["logistic"]["weights"], ours["logistic"]["bias"]], [*fit.coef_[0], fit.intercept_[0]]):
        out.add("logistic (scikit-learn)", mine, float(theirs), bound=FITTED)
    # Platt's targets are fractions, which scikit-learn's own fit stops short of.
    scores, labels = (numpy.array(side) for side in zip(*given["scored"]))
    right, wrong = labels.sum(), (~labels).sum()
    targets = numpy.where(labels, (right + 1) / (right + 2), 1 / (wrong + 2))
    design = numpy.column_stack([scores, numpy.ones_like(scores)])
    fit = statsmodels.api.GLM(targets, design, family=statsmodels.api.families.Binomial()).fit(tol=1e-14, maxiter=200)
    for mine, theirs in zip(ours["platt"], fit.params):
        out.add("platt (statsmodels)", mine, float(theirs), bound=FITTED)
    x, y = (numpy.array(side) for side in zip(*given["isotonic"]))
    fit = IsotonicRegression(out_of_bounds="clip").fit(x, y)
    at = numpy.linspace(0, 1, 101)
    for mine, theirs in zip(numpy.interp(at, *ours["isotonic"]), fit.predict(at)):
        out.add("isotonic (scikit-learn)", float(mine), float(theirs))
    for (k, n, share), cdf, upper in zip(given["binomial"], ours["binomial_cdf"], ours["clopper_pearson"]):
        out.add("binomial_cdf (scipy)", cdf, float(scipy.stats.binom.cdf(k, n, share)))
        # With every try failed nothing is ruled out.
        theirs = 1.0 if k == n else float(scipy.stats.beta.ppf(1 - share, k + 1, n - k))
        out.add("clopper_pearson (scipy)", upper, theirs)


def main():
    out, slowest = Differences(), 0.0
    for seed in SEEDS:
        given = data(seed)
        done = subprocess.run([sys.argv[1]], input=json.dumps(given), capture_output=True, text=True, check=True)
        ours = json.loads(done.stdout)
        rankings(given["rankings"], ours["rankings"], out)
        decisions(given["decisions"], ours["decisions"], out)
        statistics(given, ours, out, seed)
        calibration(given, ours, out)
        slowest = max(slowest, ours["scoring_ms"])
    for name, difference in sorted(out.largest.items()):
        print(f"{name:<40} largest difference {difference:.2e}")
    print(f"10,000 decisions scored in {slowest:.0f} ms at most")
    for wrong in out.wrong[:20]:
        print(f"WRONG {wrong}")
    sys.exit(1 if out.wrong or slowest > 2000 else 0)


if __name__ == "__main__":
    main()
