import Crypto

/// The opaque name of one version of a use case.
public enum Etag {
  /// Sixteen hexadecimal digits that change with every change.
  public static func of(useCaseID: String, revision: Int64) -> String {
    String(SHA256.hash("\(useCaseID)/\(revision)").hex.prefix(16))
  }

  /// Throws `stale` if the caller saw another version; an empty etag means "whatever it is now".
  public static func check(_ seen: String, present: String) throws(CatalogError) {
    guard seen.isEmpty || seen == present else {
      throw .stale(seen: String(seen.prefix(60)), present: present)
    }
  }
}
