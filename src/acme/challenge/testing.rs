//! A name server for tests.

use std::net::SocketAddr;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::{RData, Record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What it answers.
#[derive(Clone, Copy)]
pub(super) enum Behaviour {
    /// This code, and no record.
    Code(ResponseCode),
    /// A TXT record with this value after so many questions, whatever is asked.
    Shows { value: &'static str, after: usize },
}

/// Starts one that lives as long as the test's runtime.
pub(super) async fn name_server(behaviour: Behaviour) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for asked in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; stream.read_u16().await.unwrap().into()];
            stream.read_exact(&mut bytes).await.unwrap();
            let mut message = Message::from_vec(&bytes).unwrap();
            message.metadata.message_type = MessageType::Response;
            match behaviour {
                Behaviour::Code(code) => message.metadata.response_code = code,
                Behaviour::Shows { value, after } if asked >= after => {
                    let data = RData::TXT(TXT::new(vec![value.to_owned()]));
                    let owner = message.queries[0].name().clone();
                    message.add_answer(Record::from_rdata(owner, 60, data));
                }
                Behaviour::Shows { .. } => {}
            }
            let bytes = message.to_vec().unwrap();
            stream.write_u16(bytes.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        }
    });
    address
}
