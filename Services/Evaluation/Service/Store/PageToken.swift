import Crypto
import RPC

/// Where a list goes on: the sequence number of the last row shown.
///
/// Opaque on the wire and worthless beyond it: every query is scoped by tenant anyway.
struct PageToken {
  static let defaultSize = 50
  static let maximumSize = 500

  /// Rows below this sequence number come next.
  let before: Int64
  let size: Int

  init(size: Int32, token: String) throws {
    guard size >= 0 else {
      throw RPCError.invalidField("page_size", "is \(size); expected 0 (default) or more")
    }
    self.size = size == 0 ? Self.defaultSize : min(Int(size), Self.maximumSize)
    guard !token.isEmpty else {
      before = .max
      return
    }
    guard let bytes = try? Base64URL.decode(token),
      let number = Int64(String(decoding: bytes, as: UTF8.self)), number > 0
    else {
      throw RPCError.invalidField(
        "page_token", "is not one that this service gave; leave it empty to start again")
    }
    before = number
  }

  /// One more than a page, to see whether there is another.
  var rowLimit: Int { size + 1 }

  /// Cuts the extra row off.
  func page<Row>(_ rows: [Row], sequence: (Row) -> Int64) -> (rows: [Row], next: String) {
    guard rows.count > size, let last = rows.prefix(size).last else { return (rows, "") }
    return (Array(rows.prefix(size)), Base64URL.encode(Array(String(sequence(last)).utf8)))
  }
}
