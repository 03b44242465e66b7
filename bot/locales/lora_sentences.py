"""Why a LoRA's file is refused, in Chinese: what is wrong with which of its tensors."""

from __future__ import annotations

from typing import Final

_REASONS: Final = {
    r"it is empty": r"文件是空的",
    r"it is missing.*": r"文件不见了",
    r"it is truncated: (\d+) bytes, (\d+) by its own header":
        r"文件不完整：有 \2 字节，按文件头应有 \3 字节",
    r"it is truncated: (\d+) bytes": r"文件不完整：只有 \2 字节",
    r"it is too long: (\d+) bytes, (\d+) by its own header":
        r"文件过长：有 \2 字节，按文件头应有 \3 字节",
    r"it is not a safetensors file": r"它不是 safetensors 文件",
    r"it is only a pointer of Git LFS: .*":
        r"它只是 Git LFS 的指针：请在它的文件夹里运行 `git lfs pull`",
    r"it is a GGUF file, and \.safetensors is needed": r"它是 GGUF 文件，这里需要 .safetensors",
    r"it is pickled, which could run any code, and \.safetensors is needed":
        r"它是 pickle 格式，可能执行任意代码，这里需要 .safetensors",
    r"it has more than (\d+) GiB, so it is no LoRA": r"它超过 \2 GiB，不是 LoRA",
    r"it cannot be read \((.+)\)": r"无法读取（\2）",
    r"it changed while it was read": r"读取时文件被改动了",
    r"it is not the file that was asked for \(SHA-256 (\w+)…\): .*":
        r"它不是所要的文件（SHA-256 \2…）：文件变了，请重新选择",
    r"there are no tensors in it": r"里面没有张量",
    r"it is for (.+), not for Z-Image \(it has (.+)\)":
        r"它是给 \2 用的，不是给 Z-Image 的（含有 \3）",
    r"it changes the transformer, which (.+) quantised in this model's own files; .*":
        r"它会改动 transformer，而本模型的文件用 \2 量化过；请用 bfloat16 的文件",
    r"it changes the text encoder, which (.+) quantised in this model's own files; .*":
        r"它会改动文本编码器，而本模型的文件用 \2 量化过；请用 bfloat16 的文件",
    r"(.+) has the type (\w+), and floats are needed": r"\2 的类型是 \3，须是浮点数",
    r"(.+) is empty": r"\2 是空的",
    r"(.+) has values that are no numbers \(NaN\)": r"\2 含有无效数值（NaN）",
    r"(.+) is of a layer that this model does not have": r"本模型没有 \2 所指的层",
    r"(.+) and (.+) change the same weight": r"\2 和 \3 改动同一个权重",
    r"(.+) and (.+) are the same": r"\2 和 \3 重复",
    r"(.+) is for a weight of (.+), and this model's has (.+): it is for (.+)":
        r"\2 对应 \3 的权重，而本模型是 \4：它是给 \5 用的",
    r"(.+) is for a weight of (.+), and this model's has (.+)": r"\2 对应 \3 的权重，而本模型是 \4",
    r"(.+) is half of a pair: its (.+) is missing": r"\2 只有一半：缺少对应的 \3",
    r"(.+) is half of a LoHa: .*": r"\2 只是 LoHa 的一部分：w1_a、w1_b、w2_a、w2_b 须齐全",
    r"(.+) stands alone: what it belongs to is missing": r"\2 孤立存在：缺少它所属的张量",
    r"(.+) stands beside a difference of the same layer": r"\2 与同一层的差值并存",
    r"(.+) is for a (?:weight|bias) that this layer does not have": r"\2 所指的参数，这一层没有",
    r"(.+) is for a layer that is no matrix": r"\2 所指的层不是矩阵",
    r"(.+) is for a convolution, which is not applied here": r"\2 用于卷积，这里不适用",
    r"(.+) has the shape (\[.*\]), which (\[.*\]) of its other half does not go with":
        r"\2 的形状是 \3，与另一半的 \4 不相配",
    r"(.+) has the shape (\[.*\]), and (\d+) magnitudes are needed":
        r"\2 的形状是 \3，需要 \4 个幅度值",
    r"(.+) is no single number": r"\2 不是单个数值",
    r"(.+) is a weight of a whole model, not a change of one":
        r"\2 是整个模型的权重，不是对权重的改动",
    r"(.+) is of a method other than LoRA, LoKr, LoHa and DoRA, which is not applied here":
        r"\2 用的不是 LoRA、LoKr、LoHa 或 DoRA，这里不适用",
    r"(.+) (?:changes a table of words|adds a bias where the model has none), which is not .*":
        r"\2 所做的改动，这里不适用",
    r"(.+) is no part of a LoRA": r"\2 不属于 LoRA",
}  # fmt: skip
LORA_SENTENCES: Final = {
    **{
        rf"The LoRA (.+?) cannot be used: {english}\.": rf"LoRA \1 不能用：{chinese}。"
        for english, chinese in _REASONS.items()
    },
    r"The LoRA (.+) \(SHA-256 (\w+)…\) is not here, and without it the image would be another one: "
    r".*": r"LoRA \1（SHA-256 \2…）不在这里，没有它画出的就是另一张图：请把文件放回 LoRA 文件夹。",
}
