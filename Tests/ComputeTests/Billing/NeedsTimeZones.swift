import Foundation
import Testing

/// A zone of the system's time zone database.
let berlinZoneFile = "/usr/share/zoneinfo/Europe/Berlin"

extension Trait where Self == ConditionTrait {
  /// Skips a test where the machine has no time zone database.
  static var needsTimeZones: Self {
    .enabled(if: FileManager.default.fileExists(atPath: berlinZoneFile), "needs tzdata")
  }
}
