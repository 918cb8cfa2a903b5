// llama.cpp on the same GGUF, the same text and the same number of threads as our own bench.
//
//   npm install --no-save --ignore-scripts node-llama-cpp@3.22.1
//   node llama_bench.mjs MODEL.gguf [--threads 2] [--prefill 256] [--decode 32] [--repeat 5] [--ids]
//
// Prefill: the first N tokens of prefill.txt in one batch on an empty cache, until the first greedy
// token is there. Decode: the M greedy tokens after it, one at a time, end-of-text not obeyed.
// One run that is not counted, then medians of the repeats, one JSON line. Run it on an idle machine.
// node-llama-cpp is found in the folder NODE_LLAMA_CPP_ROOT, where npm installed it, if that is set.
import {readFileSync} from "node:fs";
import {basename, join} from "node:path";
import {pathToFileURL} from "node:url";
import {parseArgs} from "node:util";

async function nodeLlamaCpp() {
    const root = process.env.NODE_LLAMA_CPP_ROOT;
    if (!root) return import("node-llama-cpp");
    return import(pathToFileURL(join(root, "node_modules/node-llama-cpp/dist/index.js")));
}

function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const round = (value) => Math.round(value * 100) / 100;

const {values: options, positionals} = parseArgs({
    allowPositionals: true,
    options: {
        threads: {type: "string", default: "2"},
        prefill: {type: "string", default: "256"},
        decode: {type: "string", default: "32"},
        repeat: {type: "string", default: "5"},
        text: {type: "string"},
        ids: {type: "boolean", default: false},
    },
});
if (positionals.length !== 1) {
    console.error("usage: node llama_bench.mjs MODEL.gguf [--threads N] [--prefill N] [--decode M] [--repeat R] [--text FILE] [--ids]");
    process.exit(2);
}
const [threads, prefill, decode, repeat] = ["threads", "prefill", "decode", "repeat"].map((key) => Number(options[key]));

const {getLlama, LlamaLogLevel} = await nodeLlamaCpp();
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: threads});
const model = await llama.loadModel({modelPath: positionals[0], gpuLayers: 0});
const context = await model.createContext({
    contextSize: prefill + decode + 8,
    batchSize: prefill,
    sequences: 1,
    threads: {ideal: threads, min: threads},
});
const sequence = context.getSequence();
if (context.currentThreads !== threads) throw new Error(`llama.cpp took ${context.currentThreads} threads, not ${threads}`);

const text = readFileSync(options.text ?? new URL("prefill.txt", import.meta.url), "utf8");
const prompt = model.tokenize(text, false).slice(0, prefill);
if (prompt.length < prefill) throw new Error(`the text has ${prompt.length} tokens, not ${prefill}`);

async function once() {
    await sequence.clearHistory();
    const ids = [];
    const start = performance.now();
    let first = start;
    for await (const token of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
        if (ids.length === 0) first = performance.now();
        ids.push(token);
        if (ids.length === decode + 1) break;
    }
    const end = performance.now();
    if (ids.length !== decode + 1) throw new Error(`only ${ids.length - 1} of ${decode} tokens came`);
    return {prefill: prefill / (first - start) * 1000, decode: decode / (end - first) * 1000, ids};
}

await once();
const runs = [];
for (let i = 0; i < repeat; i++) runs.push(await once());

console.log(JSON.stringify({
    peer: `llama.cpp ${llama.llamaCppRelease.release}`,
    model: basename(positionals[0]),
    threads,
    prefill_tokens: prefill,
    decode_tokens: decode,
    prefill_tok_s: round(median(runs.map((run) => run.prefill))),
    decode_tok_s: round(median(runs.map((run) => run.decode))),
    runs: runs.map((run) => [round(run.prefill), round(run.decode)]),
    ...(options.ids ? {ids: runs[0].ids, text: model.detokenize(runs[0].ids)} : {}),
}));
await context.dispose();
await model.dispose();
await llama.dispose();
