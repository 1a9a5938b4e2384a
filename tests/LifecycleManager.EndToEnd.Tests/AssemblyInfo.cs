// Each test is a whole cluster on this machine's ports, addresses and Docker engine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
