/// What a connection has done so far, for Introspect.
struct ConnectionCounters {
  /// Loop time.
  var openedAt: UInt64 = 0
  var callsStarted: UInt64 = 0
  var callsFailed: UInt64 = 0
  var bytesReceived: UInt64 = 0
  var bytesSent: UInt64 = 0
}
