//! The folder of a run's results.
//!
//! ```text
//! DIR/summary.json                      {"runs": [...]}: metrics with intervals, slices, confusion
//! DIR/<pack>.<file>.<task>.jsonl        a header, then one line for each message, in the order of the file
//! DIR/timings/<pack>.<file>.<task>.jsonl
//! ```
//!
//! A line is written whole as soon as its reply is judged, so a run that is killed goes on behind its last whole line
//! and ends with the same bytes as one that was not.

use crate::line::{Line, TimeLine};
use crate::unit::Task;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The format of results that this version writes and reads.
pub const FORMAT: u32 = 3;

/// Classified by what the reader must do.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error("{path} cannot be read or written", path = .path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error(
        "{path} holds the results of another run ({what} differs): name another folder with --out, or remove the file",
        path = .path.display()
    )]
    OtherRun { path: PathBuf, what: &'static str },
    #[error("{path}, line {line}: {problem}; remove the file and run again", path = .path.display())]
    Broken { path: PathBuf, line: usize, problem: String },
    #[error("{path} holds no results: name a folder that --out has written", path = .path.display())]
    Empty { path: PathBuf },
}

/// What a file of results is of. Two files with the same header hold the same lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub results_format: u32,
    pub pack: String,
    pub file: String,
    pub task: Task,
    /// What was searched.
    pub over: String,
    /// Models, settings of the engine and of the index, version.
    pub system: String,
    /// SHA-256 over the file that is asked and the files that are searched.
    pub content: String,
    pub seed: u64,
    pub limit: Option<usize>,
    pub n: usize,
}

impl Header {
    fn difference(&self, other: &Self) -> Option<&'static str> {
        let parts = [
            (self.results_format == other.results_format, "the format"),
            ((&self.pack, &self.file, self.task) == (&other.pack, &other.file, other.task), "the pack or its file"),
            (self.over == other.over, "what was searched"),
            (self.system == other.system, "the models or the settings"),
            (self.content == other.content, "the content of the pack"),
            ((self.seed, self.limit, self.n) == (other.seed, other.limit, other.n), "seed or limit"),
        ];
        parts.into_iter().find(|(same, _)| !same).map(|(_, what)| what)
    }
}

/// One file of results that is being written.
#[derive(Debug)]
pub struct Writer {
    lines: Appended,
    timings: Appended,
}

/// Opens a file of results, or goes on with one. Gives the lines that are there already.
pub fn open(dir: &Path, header: &Header) -> Result<(Writer, Vec<Line>), ResultsError> {
    let name = format!("{}.{}.{}.jsonl", header.pack, header.file.trim_end_matches(".jsonl"), header.task.name());
    let timings = dir.join("timings");
    fs::create_dir_all(&timings).map_err(|source| ResultsError::Io { path: timings.clone(), source })?;
    let (mut lines, text) = Appended::open(dir.join(&name))?;
    let mut there = text.lines();
    let done = match there.next() {
        None => {
            lines.append(header)?;
            Vec::new()
        }
        Some(first) => {
            let found: Header = lines.parse(1, first)?;
            if let Some(what) = found.difference(header) {
                return Err(ResultsError::OtherRun { path: lines.path, what });
            }
            there.enumerate().map(|(at, line)| lines.parse(at + 2, line)).collect::<Result<Vec<Line>, _>>()?
        }
    };
    let (mut timings, text) = Appended::open(timings.join(&name))?;
    // Times are written before their line: a run that was killed in between left one too many.
    let keep: usize = text.split_inclusive('\n').take(done.len()).map(str::len).sum();
    timings.cut(keep)?;
    Ok((Writer { lines, timings }, done))
}

impl Writer {
    pub fn write(&mut self, line: &Line, times: &TimeLine) -> Result<(), ResultsError> {
        self.timings.append(times)?;
        self.lines.append(line)
    }
}

/// A file that only grows, by whole lines.
#[derive(Debug)]
pub(crate) struct Appended {
    path: PathBuf,
    file: File,
}

impl Appended {
    /// Opens the file, cuts off a line that was not finished, and gives the rest.
    pub(crate) fn open(path: PathBuf) -> Result<(Self, String), ResultsError> {
        let io = |source| ResultsError::Io { path: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        let text = String::from_utf8(bytes).map_err(|_| ResultsError::Broken {
            path: path.clone(),
            line: 1,
            problem: "is no UTF-8".into(),
        })?;
        let mut opened = Self { path, file };
        opened.cut(text.len())?;
        Ok((opened, text))
    }

    fn cut(&mut self, len: usize) -> Result<(), ResultsError> {
        let cut = self.file.set_len(len as u64).and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.map(|_| ()).map_err(|source| ResultsError::Io { path: self.path.clone(), source })
    }

    pub(crate) fn append(&mut self, record: &impl Serialize) -> Result<(), ResultsError> {
        let io = |source| ResultsError::Io { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(record).map_err(|error| io(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(io)
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self, line: usize, text: &str) -> Result<T, ResultsError> {
        parse(&self.path, line, text)
    }

    /// What is here is of another run.
    pub(crate) fn other_run(&self, what: &'static str) -> ResultsError {
        ResultsError::OtherRun { path: self.path.clone(), what }
    }
}

fn parse<T: DeserializeOwned>(path: &Path, line: usize, text: &str) -> Result<T, ResultsError> {
    serde_json::from_str(text).map_err(|error| ResultsError::Broken {
        path: path.to_owned(),
        line,
        problem: error.to_string(),
    })
}

/// One file of results as it is read again.
#[derive(Clone, Debug)]
pub struct ResultsFile {
    pub header: Header,
    pub lines: Vec<Line>,
    pub timings: Vec<TimeLine>,
}

/// Reads every file of results of a folder, in the order of their names.
pub fn read(dir: &Path) -> Result<Vec<ResultsFile>, ResultsError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| ResultsError::Io { path, source }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let path = entry.map_err(io(dir))?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(io(&path))?;
        let mut numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let Some((number, first)) = numbered.next() else { continue };
        // Rankings and other files may lie beside.
        let Ok(header) = parse::<Header>(&path, number, first) else { continue };
        let lines = numbered.map(|(number, line)| parse(&path, number, line)).collect::<Result<_, _>>()?;
        let beside = path.file_name().map(|name| dir.join("timings").join(name)).unwrap_or_default();
        let times = fs::read_to_string(&beside).unwrap_or_default();
        let timings = times.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        files.push(ResultsFile { header, lines, timings });
    }
    if files.is_empty() {
        return Err(ResultsError::Empty { path: dir.to_owned() });
    }
    Ok(files)
}

/// Writes a whole file at once: it is there in full or as it was.
pub fn write_whole(path: &Path, text: &str) -> Result<(), ResultsError> {
    let io = |source| ResultsError::Io { path: path.to_owned(), source };
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).map_err(io)?;
    }
    let beside = path.with_extension("part");
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).map_err(io)
}
