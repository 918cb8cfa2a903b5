//! An SMTP server that keeps what it is given: enough of RFC 5321 for a client to hand over a mail.

use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

/// A mail as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The address in `MAIL FROM`.
    pub from: String,
    /// The address in `RCPT TO`.
    pub to: String,
    /// Header and text, with the lines' ends as they came.
    pub data: String,
}

/// Listens on a port of this machine until it is dropped.
pub struct SmtpSink {
    pub address: SocketAddr,
    mails: mpsc::UnboundedReceiver<Mail>,
    task: tokio::task::JoinHandle<()>,
}

impl SmtpSink {
    pub async fn start() -> Self {
        Self::with(true).await
    }

    /// Takes nobody's mail, and says whose.
    pub async fn refusing() -> Self {
        Self::with(false).await
    }

    async fn with(takes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, mails) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    // A client that hangs up in the middle is the client's affair.
                    let _ = serve(socket, takes, &sender).await;
                });
            }
        });
        Self { address, mails, task }
    }

    /// The next mail. Panics if none comes within ten seconds.
    pub async fn next(&mut self) -> Mail {
        timeout(Duration::from_secs(10), self.mails.recv()).await.expect("a mail in time").expect("the sink lives")
    }

    /// Whether none came, by now.
    pub fn is_empty(&mut self) -> bool {
        self.mails.is_empty()
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Mail {
    pub fn subject(&self) -> &str {
        self.data.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("a subject")
    }

    /// A header's value, on one line.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.data.split_once("\r\n\r\n")?;
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let is_it = |line: &&str| line.split(':').next().is_some_and(|said| said.eq_ignore_ascii_case(name));
        let line = unfolded.lines().find(is_it)?.to_owned();
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    }

    /// The six digits of the text; there is one such number.
    pub fn code(&self) -> String {
        let (_, text) = self.data.split_once("\r\n\r\n").expect("a text");
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() == 6);
        let codes: Vec<&str> = numbers.collect();
        assert_eq!(codes.len(), 1, "{text}");
        codes[0].to_owned()
    }
}

async fn serve(socket: TcpStream, takes: bool, mails: &mpsc::UnboundedSender<Mail>) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    let mut mail = Mail { from: String::new(), to: String::new(), data: String::new() };
    socket.write_all(b"220 sink ESMTP\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "EHLO" => "250-sink\r\n250 8BITMIME\r\n".to_owned(),
            "MAIL" => {
                mail.from = address();
                "250 OK\r\n".to_owned()
            }
            "RCPT" if !takes => format!("550 5.1.1 <{}>: no such person\r\n", address()),
            "RCPT" => {
                mail.to = address();
                "250 OK\r\n".to_owned()
            }
            "DATA" => {
                socket.write_all(b"354 go on\r\n").await?;
                mail.data.clear();
                while !mail.data.ends_with("\r\n.\r\n") {
                    if socket.read_line(&mut mail.data).await? == 0 {
                        return Ok(());
                    }
                }
                mail.data.truncate(mail.data.len() - 3);
                // Nobody listens any more when the test is over.
                let _ = mails.send(mail.clone());
                "250 OK\r\n".to_owned()
            }
            "QUIT" => {
                socket.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 OK\r\n".to_owned(),
        };
        socket.write_all(reply.as_bytes()).await?;
    }
}
