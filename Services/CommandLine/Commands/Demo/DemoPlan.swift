/// Who plays in the demo.
struct DemoPerson: Sendable, Hashable {
  let tenant: String
  let tenantTitle: String
  let email: String
  let roles: String
}

/// What a vendor's training uses: a fixed amount, so that the bill is known to the cent.
struct DemoVendor: Sendable {
  let person: DemoPerson
  /// Reported half-way.
  let pflopHalfway: String
  /// Settled at the end.
  let pflop: String
  /// `pflop` × €0.025, rounded half-even to the cent.
  let eur: String
}

/// A folder of samples and the use case that is made of it.
struct DemoUseCase: Sendable {
  let folder: String
  let title: String
  let metric: String
  /// As `--param` takes them.
  let parameters: [String]
  /// Class order of the sample's class columns; empty where there are no classes.
  let classes: String
  let description: String
}

/// The demo: the same story for every folder of samples.
enum DemoPlan {
  static let organiser = DemoPerson(
    tenant: "clinic", tenantTitle: "St. Mary's Clinic", email: "ana@clinic.example",
    roles: "organiser,billing")
  static let stranger = DemoPerson(
    tenant: "elsewhere", tenantTitle: "Elsewhere Inc.", email: "sam@elsewhere.example",
    roles: "organiser,participant,billing")

  static let vendors = [
    DemoVendor(
      person: DemoPerson(
        tenant: "aurora-labs", tenantTitle: "Aurora Labs", email: "ben@aurora-labs.example",
        roles: "participant"),
      pflopHalfway: "20.25", pflop: "41.5", eur: "1.04"),
    DemoVendor(
      person: DemoPerson(
        tenant: "borealis-ai", tenantTitle: "Borealis AI", email: "eva@borealis-ai.example",
        roles: "participant"),
      pflopHalfway: "30", pflop: "57.25", eur: "1.43"),
    DemoVendor(
      person: DemoPerson(
        tenant: "cumulus", tenantTitle: "Cumulus", email: "max@cumulus.example",
        roles: "participant"),
      pflopHalfway: "60.000001", pflop: "120", eur: "3.00"),
  ]

  static var people: [DemoPerson] { [organiser] + vendors.map(\.person) + [stranger] }

  /// The budget of every use case, and its price.
  static let participants = "10"
  static let pflopEach = "200"
  static let end = "2099-12-31"
  static let quoteEUR = "50.00"
  /// The whole bill: 5 × 1.04 (aurora-labs) + 4 × 1.43 (borealis-ai) + 4 × 3.00 (cumulus).
  static let billEUR = "22.92"

  static let useCases = [
    DemoUseCase(
      folder: "breast-cancer", title: "Breast cancer: malignant or benign", metric: "f1",
      parameters: ["average=macro"], classes: "malignant,benign",
      description: """
        Tell malignant from benign tumours by measurements of cell nuclei. Missing a malignant one
        costs most; both classes count alike in the score.
        """),
    DemoUseCase(
      folder: "digits", title: "Handwritten digits", metric: "accuracy", parameters: [],
      classes: "",
      description: "Read single handwritten digits from scans of 8 × 8 grey pixels."),
    DemoUseCase(
      folder: "diabetes", title: "Diabetes progression in a year", metric: "rmse", parameters: [],
      classes: "",
      description: "Predict how far diabetes has progressed one year after the baseline visit."),
    DemoUseCase(
      folder: "gbsg2", title: "Recurrence-free survival", metric: "c_index", parameters: [],
      classes: "",
      description: "Order patients by their risk: who has a recurrence sooner gets the higher risk."
    ),
    DemoUseCase(
      folder: "co2", title: "CO2 at Mauna Loa", metric: "mape", parameters: [], classes: "",
      description: "Forecast three years of monthly means of CO2 from the forty years before."),
  ]
}
