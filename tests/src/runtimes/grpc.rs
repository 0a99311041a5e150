//! As much of gRPC as one call with one answer needs: HTTP/2 (RFC 9113) over a
//! Unix socket, headers without compression (RFC 7541, 6.2.2), one connection
//! for each call. Messages fit into the first window.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;

/// Flag of SETTINGS and PING.
const ACK: u8 = 1;
/// Flags of HEADERS and DATA.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Calls a method, like `/runtime.v1.RuntimeService/Version`; returns the
/// answer's message.
pub(crate) fn call(socket: &str, method: &str, message: &[u8]) -> Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).with_context(|| format!("no {socket}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame(&mut request, SETTINGS, 0, 0, &[])?;
    frame(&mut request, HEADERS, END_HEADERS, 1, &headers(method)?)?;
    // Not compressed, and its length (gRPC over HTTP/2, "Requests").
    let mut body = vec![0];
    body.extend(u32::try_from(message.len())?.to_be_bytes());
    body.extend(message);
    frame(&mut request, DATA, END_STREAM, 1, &body)?;
    stream.write_all(&request)?;
    let answer = answer(&mut stream).with_context(|| format!("calling {method}"))?;
    Ok(answer)
}

fn answer(stream: &mut UnixStream) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let [a, b, c, kind, flags, ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload)?;
        let mut reply = Vec::new();
        match kind {
            DATA => body.extend(&payload),
            SETTINGS if flags & ACK == 0 => frame(&mut reply, SETTINGS, ACK, 0, &[])?,
            PING if flags & ACK == 0 => frame(&mut reply, PING, ACK, 0, &payload)?,
            RST_STREAM | GOAWAY => bail!("the server gave up: {payload:?}"),
            _ => {}
        }
        stream.write_all(&reply)?;
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
            break;
        }
    }
    // An error is in the trailers, which may be compressed: the log has it, too.
    ensure!(body.len() >= 5, "it failed");
    Ok(body.split_off(5))
}

fn headers(method: &str) -> Result<Vec<u8>> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", method),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ] {
        block.push(0);
        for text in [name, value] {
            // Longer ones would need more than one byte for the length.
            ensure!(text.len() < 127, "'{text}' is too long");
            block.push(u8::try_from(text.len())?);
            block.extend(text.as_bytes());
        }
    }
    Ok(block)
}

fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<()> {
    let length = u32::try_from(payload.len())?.to_be_bytes();
    // The size that every server takes.
    ensure!(
        payload.len() <= 1 << 14,
        "{} bytes in a frame",
        payload.len()
    );
    out.extend(&length[1..]);
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    Ok(())
}
