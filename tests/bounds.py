"""What bounds the log: at most so many records of a name a day on one node, in a mesh of 100 peers.

The figures are for a bad day, with links that flap and peers that come and go; a quiet day has six hundred in all.
"""

DAILY: dict[str, int] = {
    "MeshJoined": 1,
    "NodeStarted": 1440,
    "NodeStopped": 1440,
    "MeshLeft": 1440,
    "SettingsChanged": 1440,
    "InterfacesChanged": 86_400,
    "NodeSuspended": 1440,
    "PeerDiscovered": 2400,
    "PeerUpdated": 28_800,
    "PeerEndpointObserved": 28_800,
    "PeerConnected": 28_800,
    "PeerRoamed": 28_800,
    "PeerDisconnected": 28_800,
    "PeersSighted": 24,
    "PeerExpired": 2400,
    "PeerLeft": 2400,
    "PeerRefused": 1152,
    "AddressCollisionResolved": 28_800,
    "MeshAddressChanged": 256,
    "OwnRecordOutrun": 144,
    "DeviceChanged": 28_800,
    "DeviceChangeFailed": 28_800,
    "ForeignPeerSeen": 1000,
    "DatagramsRejected": 144,
    "NewerPeerSeen": 1152,
    "ClockStepped": 1440,
    "LayerSuspended": 1440,
    "LayerResumed": 1440,
    "StateCarried": 24,
    "LogCompacted": 24,
    "LogRecovered": 1440,
    "LogGap": 144,
}
