"""Is a gradient right? Compare it with differences of the function itself.

    from tinyinception.gradcheck import check

    print(check(network, images))                  # a module, with all its parameters
    check(lambda x: x.tanh() * x, x).raise_if_wrong()

The scalar that is differentiated is <cotangent, f(x)> with a random cotangent. A plain sum would not do: batch-norm's
output and softmax's sum to a constant, so that the true gradient is zero and any wrong one proportional to it passes.

See `check` for how differences are taken, how errors are measured and what a kink is.
"""

from tinyinception.gradcheck.checker import check
from tinyinception.gradcheck.report import Entry, Report
from tinyinception.habits import explain_call

__all__ = ["Entry", "Report", "check"]

explain_call(__name__, "ti.check(function, *inputs) checks gradients")
