//! A server that answers from a script, one answer a request, and writes down what it was asked.

use crate::shopify::{Credentials, Endpoint, Secret, ShopifyClient};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(super) enum Say {
    Json(u16, Value),
    /// With one more header.
    With(u16, &'static str, &'static str, Value),
    Raw(&'static str),
    /// Reads the request and closes.
    Cut,
    /// Promises a body and sends half of it.
    HalfBody,
    /// Never answers.
    Hang,
    /// So many bytes, with or without saying so in advance.
    Huge {
        bytes: usize,
        announced: bool,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub path: String,
    pub token: Option<String>,
    pub body: Value,
}

pub(super) struct Server {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// After the script's end it answers 599.
    pub(super) async fn saying(script: Vec<Say>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (script, asked) = (Arc::new(Mutex::new(VecDeque::from(script))), Arc::new(Mutex::new(Vec::new())));
        let kept = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, script.clone(), kept.clone()));
            }
        });
        Self { address, asked }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn client(&self) -> ShopifyClient {
        self.client_with(Credentials::Token(Secret::new("shpat_test")))
    }

    pub(super) fn client_with(&self, credentials: Credentials) -> ShopifyClient {
        ShopifyClient::new(Endpoint::parse(&self.address).unwrap(), "2026-07", credentials)
    }
}

async fn answer(mut stream: TcpStream, script: Arc<Mutex<VecDeque<Say>>>, asked: Arc<Mutex<Vec<Asked>>>) {
    let Some(request) = request(&mut stream).await else { return };
    let next = {
        let mut script = script.lock().unwrap();
        asked.lock().unwrap().push(request);
        script.pop_front().unwrap_or(Say::Json(599, json!({})))
    };
    let head = |status: u16, more: &str| {
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\nX-Shopify-API-Version: 2026-10\r\n{more}\r\n")
    };
    let whole = |status: u16, more: &str, body: &str| {
        format!("{}{body}", head(status, &format!("{more}content-length: {}\r\n", body.len())))
    };
    match next {
        Say::Json(status, body) => {
            let _ = stream.write_all(whole(status, "", &body.to_string()).as_bytes()).await;
        }
        Say::With(status, name, value, body) => {
            let more = format!("{name}: {value}\r\n");
            let _ = stream.write_all(whole(status, &more, &body.to_string()).as_bytes()).await;
        }
        Say::Raw(body) => {
            let _ = stream.write_all(whole(200, "", body).as_bytes()).await;
        }
        Say::Cut => {}
        Say::HalfBody => {
            let _ = stream.write_all(head(200, "content-length: 1000\r\n").as_bytes()).await;
            let _ = stream.write_all(b"{\"data\":").await;
        }
        Say::Hang => std::future::pending::<()>().await,
        Say::Huge { bytes, announced } => {
            let length = if announced { format!("content-length: {bytes}\r\n") } else { String::new() };
            let _ = stream.write_all(head(200, &length).as_bytes()).await;
            let block = vec![b' '; 1 << 16];
            for _ in 0..bytes.div_ceil(block.len()) {
                if stream.write_all(&block).await.is_err() {
                    break;
                }
            }
        }
    }
    let _ = stream.shutdown().await;
}

async fn request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let length: usize = header("content-length").and_then(|l| l.parse().ok()).unwrap_or_default();
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Asked {
        path: head.split_whitespace().nth(1)?.to_owned(),
        token: header("x-shopify-access-token"),
        body: serde_json::from_slice(&bytes[end + 4..]).unwrap_or_default(),
    })
}
