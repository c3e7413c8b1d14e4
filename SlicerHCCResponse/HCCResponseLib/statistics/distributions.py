"""Student's t without numpy or scipy (incomplete beta function by continued fraction, Abramowitz & Stegun 26.5)."""

from __future__ import annotations

from math import exp, lgamma, log


def student_quantile(probability: float, freedom: int) -> float:
    """Upper quantile of Student's t for a probability in [0.5, 1), with ``freedom`` >= 1 degrees of freedom."""
    low, high = 0.0, 1.0
    while student_cdf(high, freedom) < probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if student_cdf(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def student_cdf(value: float, freedom: int) -> float:
    """Distribution function of Student's t for a value of 0 or more."""
    return 1 - 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + value * value))


def _incomplete_beta(a: float, b: float, x: float) -> float:
    if x in (0.0, 1.0):
        return x
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Lentz's algorithm."""
    tiny = 1e-300
    c, d = 1.0, 1 / max(abs(1 - (a + b) * x / (a + 1)), tiny)
    d = d if 1 - (a + b) * x / (a + 1) > 0 else -d
    result = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / (1 + even * d or tiny), 1 + even / c or tiny
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / (1 + odd * d or tiny), 1 + odd / c or tiny
        step = d * c
        result *= step
        if abs(step - 1) < 1e-15:
            break
    return result
