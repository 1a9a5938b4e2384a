namespace LifecycleManager.Master.State;

/// <summary>What a master has done since it was elected.</summary>
internal sealed class MasterCounters
{
    public long OffersSent { get; set; }

    public long OffersAccepted { get; set; }

    public long OffersDeclined { get; set; }

    public long OffersRescinded { get; set; }

    public long TasksLaunched { get; set; }
}
