//! The least a server can do: one thread that writes the same bytes to every socket, one after the other.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use crate::Shape;
use crate::process::now_us;

/// Accepts `clients` connections, answers their handshakes, then writes until it is killed.
pub(crate) fn serve(clients: usize, shape: Shape) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let mut sockets: Vec<TcpStream> = (0..clients).map(|_| accept(&listener)).collect();
    let mut next = Instant::now();
    loop {
        next += shape.period;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        let frame = frame(shape);
        for socket in &mut sockets {
            match socket.write_all(&frame) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("a client does not read"),
                Err(_) => return,
            }
        }
    }
}

/// A text frame (RFC 6455) with the time in `E`.
fn frame(shape: Shape) -> Vec<u8> {
    let now = now_us() / shape.step_us * shape.step_us;
    let mut text = format!("{{\"E\":{now},\"x\":\"");
    let fill = shape.len.saturating_sub(text.len() + 2);
    text.extend(std::iter::repeat_n('x', fill));
    text.push_str("\"}");
    let mut frame = vec![0x81, 126];
    frame.extend_from_slice(&u16::try_from(text.len()).expect("below 64 KiB").to_be_bytes());
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// Takes one connection and answers any handshake; the client does not check the key.
fn accept(listener: &TcpListener) -> TcpStream {
    let (mut socket, _) = listener.accept().expect("a connection");
    socket.set_nodelay(true).expect("an option");
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).expect("a request");
        head.push(byte[0]);
    }
    socket
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n")
        .expect("room");
    socket
}
