//! Cluster messages: their types, and the part of one that routing needs.

mod envelope;

pub use envelope::{DecodeError, Envelope, PlainBroadcast, Rooms};

/// The type of a cluster message, with the numbers of `socket.io-adapter`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageType {
    /// 1: a server says that it is there and asks who else is.
    InitialHeartbeat,
    /// 2: a server says that it is still there.
    Heartbeat,
    /// 3: a packet for clients.
    Broadcast,
    /// 4: sockets shall join rooms.
    SocketsJoin,
    /// 5: sockets shall leave rooms.
    SocketsLeave,
    /// 6: sockets shall be disconnected.
    DisconnectSockets,
    /// 7: asks for the sockets of the other servers.
    FetchSockets,
    /// 8: the answer to 7.
    FetchSocketsResponse,
    /// 9: an event for the other servers themselves.
    ServerSideEmit,
    /// 10: the answer to 9.
    ServerSideEmitResponse,
    /// 11: how many clients a broadcast that wants acknowledgements reached.
    BroadcastClientCount,
    /// 12: the acknowledgement of one client.
    BroadcastAck,
    /// 13: a server leaves.
    AdapterClose,
    /// A type that only later versions know.
    Unknown(u64),
}

impl MessageType {
    /// The type with this number on the wire.
    #[must_use]
    pub fn from_code(code: u64) -> Self {
        match code {
            1 => Self::InitialHeartbeat,
            2 => Self::Heartbeat,
            3 => Self::Broadcast,
            4 => Self::SocketsJoin,
            5 => Self::SocketsLeave,
            6 => Self::DisconnectSockets,
            7 => Self::FetchSockets,
            8 => Self::FetchSocketsResponse,
            9 => Self::ServerSideEmit,
            10 => Self::ServerSideEmitResponse,
            11 => Self::BroadcastClientCount,
            12 => Self::BroadcastAck,
            13 => Self::AdapterClose,
            other => Self::Unknown(other),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u64 {
        match self {
            Self::InitialHeartbeat => 1,
            Self::Heartbeat => 2,
            Self::Broadcast => 3,
            Self::SocketsJoin => 4,
            Self::SocketsLeave => 5,
            Self::DisconnectSockets => 6,
            Self::FetchSockets => 7,
            Self::FetchSocketsResponse => 8,
            Self::ServerSideEmit => 9,
            Self::ServerSideEmitResponse => 10,
            Self::BroadcastClientCount => 11,
            Self::BroadcastAck => 12,
            Self::AdapterClose => 13,
            Self::Unknown(other) => other,
        }
    }

    /// Whether it only tells which servers are there.
    #[must_use]
    pub fn tells_who_is_there(self) -> bool {
        matches!(
            self,
            Self::InitialHeartbeat | Self::Heartbeat | Self::AdapterClose
        )
    }

    /// Whether it answers one server; all others have no use for it.
    #[must_use]
    pub fn is_response(self) -> bool {
        matches!(
            self,
            Self::FetchSocketsResponse
                | Self::ServerSideEmitResponse
                | Self::BroadcastClientCount
                | Self::BroadcastAck
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for code in (0..20).chain([u64::MAX]) {
            assert_eq!(MessageType::from_code(code).code(), code);
        }
        for code in 1..=13 {
            assert!(!matches!(MessageType::from_code(code), MessageType::Unknown(_)));
        }
        assert_eq!(MessageType::from_code(14), MessageType::Unknown(14));
        assert_eq!(MessageType::from_code(0), MessageType::Unknown(0));
    }

    #[test]
    fn knows_what_each_is_for() {
        let codes = |matches: fn(MessageType) -> bool| {
            (0..20)
                .filter(|&code| matches(MessageType::from_code(code)))
                .collect::<Vec<_>>()
        };
        assert_eq!(codes(MessageType::is_response), [8, 10, 11, 12]);
        assert_eq!(codes(MessageType::tells_who_is_there), [1, 2, 13]);
    }
}
