"""The quantisations of GGUF files: how they are recognised, how large and how fast they are, what speaks for them.

Owns what is known of them by name. Sizes are bytes a weight as files have them in the mean; speeds are those of
decoding in WebAssembly without a GPU, against Q8_0, which has the shortest inner loop there."""

from __future__ import annotations

import re

NAME = re.compile(
    r"(?:^|[-_. /])((?:UD-)?(?:IQ|TQ|Q)[1-9](?:_(?:K|[0-9]|XXS|XS|S|M|L|XL|NL))*|BF16|F16|F32|FP16|MXFP4)(?=[-_. ]|$)",
    re.IGNORECASE,
)
BYTES = {
    "F32": 4.0, "BF16": 2.0, "F16": 2.0, "Q8": 1.07, "Q6": 0.83, "Q5": 0.72, "Q4": 0.6, "MXFP4": 0.55, "Q3": 0.5,
    "Q2": 0.4, "Q1": 0.25,
}  # fmt: skip
#: by the number of general.file_type
FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip


def quantisation_in(name: str) -> str:
    """The quantisation that a file's name tells, "" where it tells none."""
    found = [match.group(1).upper() for match in NAME.finditer(name.removesuffix(".gguf"))]
    return "F16" if found and found[-1] == "FP16" else found[-1] if found else ""


def bytes_a_weight(quantisation: str) -> float:
    """Size of one weight."""
    return BYTES.get(_family(quantisation), 1.07)


def cpu_speed_of(quantisation: str, fast_engine: bool) -> float:
    """Speed on the processor against Q8_0; Cloche's own engine has kernels for others, too."""
    if fast_engine:
        return 1.0 if quantisation == "" or _has_kernels(quantisation) else 0.3
    return 1.0 if quantisation in ("Q8_0", "") else 0.5 if _family(quantisation).startswith("Q") else 0.3


def advice_on(quantisation: str, on_gpu: bool, fast_engine: bool = False) -> str:
    """What speaks for or against it, in a sentence."""
    family = _family(quantisation)
    if fast_engine and not on_gpu and _has_kernels(quantisation):
        return {
            "Q8": "Recommended: nearly exact, and fast.",
            "Q6": "Nearly exact, and as fast as Q8_0 in less space.",
        }.get(family, "As fast as Q8_0 in half the space.")
    if family == "Q8":
        return "Nearly exact." if on_gpu else "Recommended without a GPU: nearly exact, and about twice as fast as Q4."
    if family in ("F32", "BF16", "F16"):
        return "Exact, but large and slow."
    if family in ("Q1", "Q2", "Q3"):
        return "Smallest, with a clear loss of quality."
    if family in ("Q4", "MXFP4"):
        return "Recommended with a GPU: small, little loss." if on_gpu else "Small; slower than Q8_0 without a GPU."
    return "Between Q4 and Q8." if family else ""


def _has_kernels(quantisation: str) -> bool:
    """Whether Cloche's own engine multiplies such weights by kernels of its own."""
    return quantisation in ("Q8_0", "Q4_0") or quantisation.startswith(("Q4_K", "Q6_K"))


def _family(quantisation: str) -> str:
    match = re.search(r"(?:IQ|TQ|Q)(\d)", quantisation)
    return f"Q{match.group(1)}" if match else quantisation
