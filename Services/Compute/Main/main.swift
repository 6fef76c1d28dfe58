import ComputeService
import ServiceKit

ServiceMain.run(ComputeProgram.self)
