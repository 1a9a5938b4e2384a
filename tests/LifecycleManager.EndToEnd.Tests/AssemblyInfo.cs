// Each test is a whole cluster on this machine's ports, addresses and Docker engine.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
