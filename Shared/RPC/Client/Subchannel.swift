/// One address of a channel and where its connection stands. Confined to the pool's loop.
final class Subchannel {
  let address: String
  var connection: Connection?
  var isConnecting = false
  var backoff = Backoff()
  var outlier = Outlier()

  init(_ address: String) {
    self.address = address
  }

  /// The connection, if it takes calls.
  var usable: Connection? {
    guard let connection, connection.isUsable else { return nil }
    return connection
  }

  func isDue(now: UInt64) -> Bool {
    connection == nil && !isConnecting && backoff.retryAt <= now
  }
}
