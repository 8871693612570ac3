#!/usr/bin/env python3
"""Writes Tests/ScalingTests/LawGolden.swift: noisy losses, and the law that SciPy fits to them."""

import pathlib

import numpy as np
from scipy.optimize import minimize

random = np.random.default_rng(0)
rows = []
for n in (4e7, 1.5e8, 6e8, 2.5e9):
    for d in (5e8, 2e9, 8e9, 4e10, 1.5e11):
        loss = 1.82 + 480 * n**-0.347 + 2100 * d**-0.367
        rows.append((n, d, round(float(loss * np.exp(0.004 * random.standard_t(3))), 5)))
N, D, L = map(np.array, zip(*rows))


def objective(theta):
    a, b, e, alpha, beta = theta
    predicted = np.logaddexp(np.logaddexp(a - alpha * np.log(N), b - beta * np.log(D)), e)
    residual = np.abs(predicted - np.log(L))
    return np.where(residual <= 1e-3, residual**2 / 2, 1e-3 * (residual - 5e-4)).sum()


best = None
for a in (4, 6, 8):
    for b in (5, 7, 9, 11):
        for exponent in (0.3, 0.5):
            found = minimize(objective, [a, b, 0.5, exponent, exponent], method="BFGS", tol=1e-12)
            found = minimize(
                objective, found.x, method="Nelder-Mead",
                options=dict(maxiter=40000, maxfev=40000, xatol=1e-11, fatol=1e-18))
            if best is None or found.fun < best.fun:
                best = found
a, b, e, alpha, beta = best.x
table = "\n".join(f"    {n:.6g},{d:.6g},{loss}" for n, d, loss in rows)
numbers = ", ".join(f"{x:.9g}" for x in (np.exp(e), np.exp(a), alpha, np.exp(b), beta))
target = pathlib.Path(__file__).parent.parent / "Tests/ScalingTests/LawGolden.swift"
target.write_text(f'''/// Losses on a grid with heavy-tailed noise, and the law that SciPy fits to them; written by
/// `scripts/make-law-goldens.py`.

enum LawGolden {{
  static let table = """
    parameters,tokens,loss
{table}
    """

  /// E, A, α, B, β.
  static let joint: [Double] = [{numbers}]
}}
''')
print(best.fun, numbers)
