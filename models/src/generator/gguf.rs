//! A GGUF file: its metadata with typed access, and the bytes of its tensors.

use super::error::LoadError;
use candle_core::quantized::{
    GgmlDType,
    gguf_file::{Content, Value},
};
use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// The decoders that we can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    Llama,
    Qwen2,
    Qwen3,
    Gemma3,
    Lfm2,
}

impl Architecture {
    const SUPPORTED: &str = "llama, qwen2, qwen3, gemma3, lfm2";

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "llama" => Self::Llama,
            "qwen2" => Self::Qwen2,
            "qwen3" => Self::Qwen3,
            "gemma3" => Self::Gemma3,
            "lfm2" => Self::Lfm2,
            _ => return None,
        })
    }
}

/// An open file. Tensors are read when they are asked for, so that no more than one is held twice.
pub struct Gguf {
    pub path: PathBuf,
    pub architecture: Architecture,
    pub content: Content,
    pub file: BufReader<File>,
    prefix: String,
    length: u64,
}

/// A tensor as it stands in the file.
pub struct RawTensor {
    pub dtype: GgmlDType,
    /// Slowest dimension first: `[rows, columns]` of a matrix.
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl Gguf {
    pub fn open(path: &Path) -> Result<Self, LoadError> {
        let read = |source| LoadError::Read { path: path.to_owned(), source };
        let format = |reason: String| LoadError::Format { path: path.to_owned(), reason };
        let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(read)?);
        let length = file.get_ref().metadata().map_err(read)?.len();
        let content = Content::read(&mut file).map_err(|error| format(error.to_string()))?;
        let prefix = match content.metadata.get("general.architecture") {
            Some(Value::String(name)) => name.clone(),
            _ => return Err(LoadError::Missing { path: path.to_owned(), field: "general.architecture".into() }),
        };
        let architecture = Architecture::parse(&prefix).ok_or_else(|| LoadError::Architecture {
            path: path.to_owned(),
            found: prefix.clone(),
            supported: Architecture::SUPPORTED,
        })?;
        Ok(Self { path: path.to_owned(), architecture, content, file, prefix, length })
    }

    pub fn format_error(&self, reason: impl ToString) -> LoadError {
        LoadError::Format { path: self.path.clone(), reason: reason.to_string() }
    }

    pub fn unsupported(&self, field: &str, found: impl ToString, supported: &'static str) -> LoadError {
        LoadError::Unsupported { path: self.path.clone(), field: field.into(), found: found.to_string(), supported }
    }

    pub fn missing(&self, field: &str) -> LoadError {
        LoadError::Missing { path: self.path.clone(), field: field.into() }
    }

    pub fn value(&self, field: &str) -> Option<&Value> {
        self.content.metadata.get(field)
    }

    /// The name of a field of this architecture: `block_count` is `qwen2.block_count`.
    pub fn own(&self, field: &str) -> String {
        format!("{}.{field}", self.prefix)
    }

    pub fn int(&self, field: &str) -> Result<Option<usize>, LoadError> {
        let Some(value) = self.value(field) else { return Ok(None) };
        let int = match value {
            Value::I8(v) => usize::try_from(*v).ok(),
            Value::I16(v) => usize::try_from(*v).ok(),
            Value::I32(v) => usize::try_from(*v).ok(),
            Value::I64(v) => usize::try_from(*v).ok(),
            other => other.to_u64().ok().and_then(|v| usize::try_from(v).ok()),
        };
        match int {
            Some(int) => Ok(Some(int)),
            None => Err(self.unsupported(field, format!("{value:?}"), "a whole number that is not negative")),
        }
    }

    pub fn required_int(&self, field: &str) -> Result<usize, LoadError> {
        self.int(field)?.ok_or_else(|| self.missing(field))
    }

    pub fn float(&self, field: &str) -> Result<Option<f32>, LoadError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::F32(v)) => Ok(Some(*v)),
            Some(Value::F64(v)) => Ok(Some(*v as f32)),
            Some(other) => Err(self.unsupported(field, format!("{other:?}"), "a number")),
        }
    }

    pub fn text(&self, field: &str) -> Option<&str> {
        match self.value(field) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub fn bool(&self, field: &str) -> Option<bool> {
        match self.value(field) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    pub fn array(&self, field: &str) -> Option<&[Value]> {
        match self.value(field) {
            Some(Value::Array(values)) => Some(values),
            _ => None,
        }
    }

    /// The model was not trained for positions beyond its context.
    pub fn check_context(&self, context: usize) -> Result<(), LoadError> {
        let trained = self.required_int(&self.own("context_length"))?;
        if context <= trained {
            return Ok(());
        }
        let must = format!("at most the {trained} tokens that {} was trained for", self.path.display());
        Err(LoadError::Config { field: "context_tokens", found: context, must })
    }

    pub fn has_tensor(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// Reads a tensor and checks its shape.
    pub fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<RawTensor, LoadError> {
        let info = self.content.tensor_infos.get(name).ok_or_else(|| self.missing(name))?;
        let dims = info.shape.dims();
        if dims != shape {
            return Err(self.format_error(format!("the tensor `{name}` is {dims:?}, its metadata says {shape:?}")));
        }
        let dtype = info.ggml_dtype;
        let elements: usize = shape.iter().product();
        if shape.last().is_none_or(|last| last % dtype.block_size() != 0) {
            return Err(self.format_error(format!("the rows of `{name}` are not whole {dtype:?} blocks")));
        }
        let size = elements / dtype.block_size() * dtype.type_size();
        let start = self.content.tensor_data_offset.saturating_add(info.offset);
        if start.saturating_add(size as u64) > self.length {
            return Err(self.format_error(format!("it ends inside the tensor `{name}`")));
        }
        let mut bytes = vec![0u8; size];
        let read = |source| LoadError::Read { path: self.path.clone(), source };
        self.file.seek(SeekFrom::Start(start)).map_err(read)?;
        self.file.read_exact(&mut bytes).map_err(read)?;
        Ok(RawTensor { dtype, shape: shape.to_vec(), bytes })
    }

    /// Reads a small tensor as floats: norms, biases.
    pub fn floats(&mut self, name: &str, length: usize) -> Result<Vec<f32>, LoadError> {
        let raw = self.tensor(name, &[length])?;
        raw.to_f32().map_err(|error| self.format_error(error))
    }
}

impl RawTensor {
    pub fn to_f32(&self) -> candle_core::Result<Vec<f32>> {
        let elements = self.shape.iter().product();
        match self.dtype.from_data((&self.bytes[..]).into()).dequantize(elements)? {
            candle_core::CpuStorage::F32(values) => Ok(values),
            other => candle_core::bail!("dequantized to {:?}", candle_core::backend::BackendStorage::dtype(&other)),
        }
    }
}
