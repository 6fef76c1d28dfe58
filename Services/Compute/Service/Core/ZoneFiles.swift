import ComputeBilling
import Foundation
import RPC

/// The system's time zones.
struct ZoneFiles: Sendable {
  /// Where Linux keeps them (package tzdata).
  static let system = ZoneFiles(folder: "/usr/share/zoneinfo")

  let folder: String

  /// The zone of a name such as "Europe/Berlin"; UTC for the empty name.
  ///
  /// - Throws: INVALID_ARGUMENT for a name that the system does not know.
  func zone(_ name: String) throws -> TimeZoneRules {
    guard !name.isEmpty, name != "UTC" else { return .utc }
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "+"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
    guard isName, !name.hasPrefix("/"), name.utf8.count <= 64,
      let data = FileManager.default.contents(atPath: "\(folder)/\(name)"),
      let zone = TimeZoneRules(file: [UInt8](data))
    else {
      throw RPCError.invalidField(
        "time_zone", "a name of the time zone database that this machine has, not \"\(name)\"")
    }
    return zone
  }
}
