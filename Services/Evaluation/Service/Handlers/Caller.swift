import Identity
import RPC
import ServiceKit

extension ServerContext {
  /// Lets only one service in. The role is checked before the handler; this checks the name.
  func requireService(_ name: String) throws {
    let principal = try principal()
    guard principal.isService, principal.user == name else {
      throw RPCError.permissionDenied("\(method.name) is called by the service \"\(name)\" only")
    }
  }
}

/// Limits of text that comes in requests.
enum TextLimit {
  static let name = 200
  static let fileName = 255
  static let note = 1_000
  static let idempotencyKey = 200

  /// Throws INVALID_ARGUMENT for a text over its limit.
  static func check(_ field: String, _ text: String, atMost limit: Int) throws {
    let count = text.unicodeScalars.count
    guard count > limit else { return }
    throw RPCError.invalidField(field, "has \(count) characters; expected at most \(limit)")
  }
}
