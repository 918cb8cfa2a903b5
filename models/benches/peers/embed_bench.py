"""all-MiniLM-L6-v2 in onnxruntime or torch on the CPU: texts per second, and vectors to compare with ours.

    python3 -m venv VENV && VENV/bin/pip install torch transformers tokenizers numpy onnx onnxscript onnxruntime
    VENV/bin/python embed_bench.py --model FOLDER --texts TEXTS.jsonl [--peer onnxruntime|torch] [--threads 2]
                                   [--onnx FILE] [--repeat 3] [--dump FILE]

FOLDER holds config.json, model.safetensors and tokenizer.json. Each line of TEXTS has a field `text`.
Truncated at 256 tokens, sorted by length, batches of 32 padded to their longest, mean pooling and L2:
what sentence-transformers does. The time covers tokenizing to normalized vectors; one pass is not
counted, then the median of the repeats. The onnxruntime peer needs FILE; where it does not exist it
is exported with torch and fused once (f32). Run it on an idle machine.
"""

import argparse
import json
import os
import statistics
import sys
import time

LIMIT, BATCH = 256, 32


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder with config.json, model.safetensors, tokenizer.json")
    parser.add_argument("--texts", required=True, help="JSON lines with a field `text`")
    parser.add_argument("--peer", choices=["onnxruntime", "torch"], default="onnxruntime")
    parser.add_argument("--onnx", default="minilm-l6.onnx", help="exported graph (onnxruntime only)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int, default=0, help="take only the first texts")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--dump", help="write the first 8 vectors here, one JSON line each")
    return parser.parse_args()


def load_bert(folder):
    import torch
    from transformers import BertConfig, BertModel
    from safetensors.torch import load_file

    config = BertConfig.from_json_file(os.path.join(folder, "config.json"))
    config._attn_implementation = "sdpa"
    model = BertModel(config, add_pooling_layer=True)
    weights = load_file(os.path.join(folder, "model.safetensors"))
    missing, unexpected = model.load_state_dict(weights, strict=False)
    stray = [name for name in [*missing, *unexpected] if not name.endswith("position_ids")]
    if stray:
        sys.exit(f"the weights do not fit: {stray}")
    return model.eval().requires_grad_(False), torch


def export(folder, path):
    """Write the fused f32 graph: hidden states of the last layer from ids and mask."""
    model, torch = load_bert(folder)
    model.set_attn_implementation("eager")

    class Hidden(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = model

        def forward(self, input_ids, attention_mask):
            return self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    plain = path + ".plain.onnx"
    sample = torch.ones((2, 16), dtype=torch.int64)
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        Hidden(), (sample, sample), plain, dynamo=False, opset_version=17,
        input_names=["input_ids", "attention_mask"], output_names=["hidden"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "hidden": axes},
    )
    from onnxruntime.transformers import optimizer

    fused = optimizer.optimize_model(plain, model_type="bert", num_heads=12, hidden_size=384)
    print("fused:", json.dumps(fused.get_fused_operator_statistics()), file=sys.stderr)
    fused.save_model_to_file(path)
    os.remove(plain)


def onnxruntime_peer(args):
    import onnxruntime as ort

    if not os.path.exists(args.onnx):
        export(args.model, args.onnx)
    options = ort.SessionOptions()
    options.intra_op_num_threads = args.threads
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(args.onnx, options, providers=["CPUExecutionProvider"])
    names = {entry.name for entry in session.get_inputs()}

    def hidden(ids, mask):
        feed = {"input_ids": ids, "attention_mask": mask}
        return session.run(None, {name: feed[name] for name in names})[0]

    return f"onnxruntime {ort.__version__}", hidden


def torch_peer(args):
    model, torch = load_bert(args.model)
    torch.set_num_threads(args.threads)

    def hidden(ids, mask):
        with torch.inference_mode():
            ids, mask = torch.from_numpy(ids), torch.from_numpy(mask)
            return model(input_ids=ids, attention_mask=mask).last_hidden_state.numpy()

    return f"torch {torch.__version__}", hidden


def main():
    args = arguments()
    # Before numpy, torch and tokenizers read them.
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = str(args.threads)
    os.environ["HF_HUB_OFFLINE"] = "1"
    import numpy as np
    from tokenizers import Tokenizer

    with open(args.texts, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines if line.strip()]
    texts = texts[: args.limit or None]
    # The file truncates and pads to 128, which is not what the model was published with.
    tokenizer = Tokenizer.from_file(os.path.join(args.model, "tokenizer.json"))
    tokenizer.enable_truncation(LIMIT)
    tokenizer.no_padding()
    peer, hidden = (onnxruntime_peer if args.peer == "onnxruntime" else torch_peer)(args)

    def embed_all():
        encoded = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        order = sorted(range(len(encoded)), key=lambda index: -len(encoded[index]))
        vectors = np.empty((len(encoded), 384), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            width = len(encoded[rows[0]])
            ids = np.zeros((len(rows), width), dtype=np.int64)
            mask = np.zeros((len(rows), width), dtype=np.int64)
            for at, row in enumerate(rows):
                ids[at, : len(encoded[row])] = encoded[row]
                mask[at, : len(encoded[row])] = 1
            weight = mask[:, :, None].astype(np.float32)
            mean = (hidden(ids, mask) * weight).sum(axis=1) / weight.sum(axis=1)
            vectors[rows] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return vectors, sum(map(len, encoded))

    vectors, tokens = embed_all()
    speeds = []
    for _ in range(args.repeat):
        start = time.perf_counter()
        embed_all()
        speeds.append(len(texts) / (time.perf_counter() - start))
    if args.dump:
        with open(args.dump, "w", encoding="utf-8") as out:
            for text, vector in zip(texts[:8], vectors[:8]):
                out.write(json.dumps({"text": text, "vector": [float(value) for value in vector]}) + "\n")
    print(json.dumps({
        "peer": peer, "threads": args.threads, "texts": len(texts), "tokens": tokens,
        "texts_per_s": round(statistics.median(speeds), 2), "runs": [round(speed, 2) for speed in speeds],
    }))


if __name__ == "__main__":
    main()
