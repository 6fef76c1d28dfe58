/// Limits of what the outside may ask for; each is named in the error that it causes.
public enum CatalogLimits {
  /// Longest title, in characters (Unicode scalars).
  public static let maximumTitleCharacters = 120
  /// Longest description, in bytes of UTF-8.
  public static let maximumDescriptionBytes = 100_000
  /// Longest name of a metadataset, in characters.
  public static let maximumNameCharacters = 120
  /// Longest file name, in bytes of UTF-8.
  public static let maximumFileNameBytes = 255
  /// Most metric parameters, and longest name or value of one, in bytes.
  public static let maximumMetricParameters = 32
  public static let maximumMetricTextBytes = 10_000

  /// Most addresses that one use case may invite, revoked ones included.
  public static let maximumInvites = 500
  /// Most mails that one invite may cause, the first one included.
  public static let maximumMailsPerInvite = 10
  /// How long an invite is good for: 30 days.
  public static let inviteLifetimeMilliseconds: Int64 = 30 * 24 * 60 * 60 * 1_000

  /// Most teams that a budget may be for.
  public static let maximumParticipants: Int64 = 10_000
  /// Most compute for one team, in GFLOP: ten million PFLOP.
  ///
  /// Ten thousand such teams cost 2.5 billion euro, well inside 64 bits of nano-euro.
  public static let maximumGFLOPEach: Int64 = 10_000_000_000_000
  /// Most users of one team.
  public static let maximumTeamMembers = 100

  /// Most submissions per team and day, over the whole time, and at once.
  public static let maximumSubmissionsPerDay: Int64 = 10_000
  public static let maximumSubmissionsTotal: Int64 = 10_000_000
  public static let maximumSubmissionsAtOnce: Int64 = 1_000

  /// Largest cover image or notebook, in bytes: 25 MB as the product's page says it.
  public static let maximumFileBytes: Int64 = 25_000_000
  /// Longest side of a cover image, in pixels.
  public static let maximumImageSide = 20_000

  /// Longest page of a list; a list asked for without a size gets the default.
  public static let maximumPageSize = 100
  public static let defaultPageSize = 50
  /// A page ends early when the descriptions in it reach this many bytes.
  public static let maximumPageBytes = 1_000_000
  /// Most words of a search, and longest word in characters.
  public static let maximumSearchWords = 10
  public static let maximumSearchWordCharacters = 100

  /// Latest instant that a use case may name, in unix milliseconds: the end of the year 9999.
  public static let maximumTime: Int64 = 253_402_300_799_999
}
