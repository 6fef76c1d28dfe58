import Crypto
import Storage

extension Transaction {
  /// The secret under which page tokens are made; made itself at the first start.
  func pageTokenKey(random: RandomSource) throws -> [UInt8] {
    let name = "page_token_key"
    if let key = try queryOne(
      "SELECT value FROM settings WHERE name = ?1", name, row: { try $0.blob(0) })
    {
      return key
    }
    let key = random(32)
    try execute("INSERT INTO settings (name, value) VALUES (?1, ?2)", name, key)
    return key
  }
}
