import Crypto

/// Where a page of a list ended: lists run from the newest to the oldest.
public struct PagePosition: Hashable, Sendable {
  /// Creation time of the last entry shown, or its number.
  public let order: Int64
  public let id: String

  public init(order: Int64, id: String) {
    self.order = order
    self.id = id
  }
}

/// Makes and reads page tokens: opaque, and good for the one who got them only.
///
/// A token is the position and a tag over position, list, tenant, user and filters. Another
/// tenant, another user, another list or another filter makes another tag.
public struct PageTokens: Sendable {
  /// What a token is bound to.
  public struct Binding: Sendable {
    let fields: [HashChain.Field]

    public init(list: String, tenant: String, user: String, filters: [String] = []) {
      fields = [.text(list), .text(tenant), .text(user)] + filters.map(HashChain.Field.text)
    }
  }

  private static let tagByteCount = 16
  private let authenticator: HMACSHA256

  /// `key` is 32 secret bytes that outlive the process.
  public init(key: [UInt8]) {
    authenticator = HMACSHA256(key: key)
  }

  public func token(for position: PagePosition, _ binding: Binding) -> String {
    let order = UInt64(bitPattern: position.order)
    let bytes =
      (0..<8).map { UInt8(truncatingIfNeeded: order >> (56 - 8 * UInt64($0))) }
      + Array(position.id.utf8)
    return Base64URL.encode(tag(of: bytes, binding) + bytes)
  }

  /// The position that a token stands for; nil for the empty token, which asks for the first page.
  public func position(
    of token: String, _ binding: Binding
  ) throws(CatalogError) -> PagePosition? {
    guard !token.isEmpty else { return nil }
    guard token.utf8.count <= 512, let all = try? Base64URL.decode(token),
      all.count >= Self.tagByteCount + 8
    else { throw Self.invalid }
    let bytes = Array(all[Self.tagByteCount...])
    guard constantTimeEquals(Array(all[..<Self.tagByteCount]), tag(of: bytes, binding)) else {
      throw Self.invalid
    }
    let order = bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return PagePosition(
      order: Int64(bitPattern: order), id: String(decoding: bytes[8...], as: UTF8.self))
  }

  private static let invalid = CatalogError.invalid(
    "page_token", "not a token of this list; pass the next_page_token of the page before, unchanged"
  )

  private func tag(of bytes: [UInt8], _ binding: Binding) -> [UInt8] {
    // The chain's rule encodes a list of fields unambiguously.
    let digest = HashChain.next(after: .zero, fields: binding.fields + [.bytes(bytes)])
    return Array(authenticator.authenticate(digest.bytes).bytes.prefix(Self.tagByteCount))
  }
}

/// How many entries a page has.
public enum PageSize {
  /// 0 asks for the default; more than the maximum gets the maximum.
  public static func checked(_ asked: Int32) throws(CatalogError) -> Int {
    guard asked >= 0 else {
      throw .invalid("page_size", "\(asked); expected 0 (the default) or more")
    }
    return asked == 0
      ? CatalogLimits.defaultPageSize : min(Int(asked), CatalogLimits.maximumPageSize)
  }
}
