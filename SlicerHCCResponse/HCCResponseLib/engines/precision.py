"""Which number formats this processor calculates in, and not merely stores."""

from __future__ import annotations

from functools import lru_cache

import torch


@lru_cache(maxsize=1)
def calculates_in_bfloat16() -> bool:
    """Whether convolutions in bfloat16 are faster here than in single precision (AVX512-BF16 or AMX)."""
    tell = getattr(torch.cpu, "get_capabilities", dict)  # torch before 2.7 cannot say
    return bool({"avx512_bf16", "amx_bf16"} & {k for k, v in tell().items() if v})
