import Crypto
import RPC

/// Where the next page of runs begins. Opaque to clients.
struct PageToken: Sendable, Hashable {
  let time: Int64
  let id: String

  static let defaultLimit = 100
  static let maximumLimit = 1_000

  init(time: Int64, id: String) {
    self.time = time
    self.id = id
  }

  /// The place that the text says; `nil` for the first page.
  init?(parsing text: String) throws {
    guard !text.isEmpty else { return nil }
    let malformed = RPCError.invalidField("page_token", "give the one that the last page brought")
    guard let bytes = try? Base64URL.decode(text) else { throw malformed }
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: "/", maxSplits: 1)
    guard parts.count == 2, let time = Int64(parts[0]) else { throw malformed }
    self.init(time: time, id: String(parts[1]))
  }

  var text: String { Base64URL.encode(Array("\(time)/\(id)".utf8)) }

  /// How many rows a page has: `requested`, the default for 0, never more than the maximum.
  static func limit(_ requested: Int32) throws -> Int {
    guard requested >= 0 else { throw RPCError.invalidField("page_size", "0 or more") }
    return requested == 0 ? defaultLimit : min(Int(requested), maximumLimit)
  }
}
