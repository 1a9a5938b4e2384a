using LifecycleManager.Discovery.Eureka;

namespace LifecycleManager.Discovery.Tests.Eureka;

public sealed class EurekaLeasesTests
{
    private static readonly EurekaRegistration One = new("SHOP", "t1", "h", "h", 80, false, null, "{}");

    [Fact]
    public void What_was_told_is_renewed_and_what_eureka_forgot_is_registered_again()
    {
        var leases = new EurekaLeases(TimeSpan.FromSeconds(30));
        var (now, wanted) = (TimeSpan.Zero, new Dictionary<string, EurekaRegistration> { ["t1"] = One });
        var call = Assert.Single(leases.Due(wanted, now));
        Assert.Equal(EurekaCallKind.Register, call.Kind);

        leases.Record(call, EurekaOutcome.Failed, now);
        leases.Record(Assert.Single(leases.Due(wanted, now)), EurekaOutcome.Done, now);
        Assert.Empty(leases.Due(wanted, now + TimeSpan.FromSeconds(29)));
        var renewal = Assert.Single(leases.Due(wanted, now + TimeSpan.FromSeconds(30)));
        Assert.Equal(EurekaCallKind.Renew, renewal.Kind);

        leases.Record(renewal, EurekaOutcome.Unknown, now);
        leases.Record(Assert.Single(leases.Due(wanted, now)), EurekaOutcome.Done, now);
        Assert.Equal(EurekaCallKind.Register,
            Assert.Single(leases.Due(new Dictionary<string, EurekaRegistration> { ["t1"] = One with { Port = 81 } }, now)).Kind);
        var cancel = Assert.Single(leases.Due(new Dictionary<string, EurekaRegistration>(), now));
        Assert.Equal(EurekaCallKind.Cancel, cancel.Kind);
        leases.Record(cancel, EurekaOutcome.Done, now);
        Assert.Empty(leases.Due(new Dictionary<string, EurekaRegistration>(), now));
    }

    [Fact]
    public void What_gets_no_more_work_is_told_first_and_once_and_not_registered_where_it_is_unknown()
    {
        var leases = new EurekaLeases(TimeSpan.FromSeconds(30));
        var now = TimeSpan.Zero;
        var wanted = new Dictionary<string, EurekaRegistration>
        {
            ["t2"] = One with { InstanceId = "t2" },
            ["t1"] = One with { Status = EurekaStatus.OutOfService },
        };
        var due = leases.Due(wanted, now);
        Assert.Equal([EurekaCallKind.TakeOut, EurekaCallKind.Register], due.Select(call => call.Kind));
        leases.Record(due[0], EurekaOutcome.Unknown, now);
        leases.Record(due[1], EurekaOutcome.Done, now);
        Assert.Empty(leases.Due(wanted, now));

        wanted["t2"] = wanted["t2"] with { Status = EurekaStatus.OutOfService };
        var out2 = Assert.Single(leases.Due(wanted, now));
        Assert.Equal((EurekaCallKind.TakeOut, "t2"), (out2.Kind, out2.Registration.InstanceId));
        leases.Record(out2, EurekaOutcome.Done, now);
        Assert.Empty(leases.Due(wanted, now));
        Assert.Equal(EurekaCallKind.Renew, Assert.Single(leases.Due(wanted, now + TimeSpan.FromSeconds(30))).Kind);
    }

    [Fact]
    public void What_a_new_leader_does_not_know_yet_is_kept_as_it_is_and_registered_only_where_eureka_does_not_have_it()
    {
        var leases = new EurekaLeases(TimeSpan.FromSeconds(30));
        var now = TimeSpan.Zero;
        var wanted = new Dictionary<string, EurekaRegistration> { ["t1"] = One with { Status = EurekaStatus.AsItIs } };
        var ask = Assert.Single(leases.Due(wanted, now));
        Assert.Equal(EurekaCallKind.Renew, ask.Kind);
        leases.Record(ask, EurekaOutcome.Done, now);
        Assert.Empty(leases.Due(wanted, now));

        leases.Record(ask, EurekaOutcome.Unknown, now);
        var call = Assert.Single(leases.Due(wanted, now));
        Assert.Equal((EurekaCallKind.Register, "STARTING"), (call.Kind, call.Registration.Status.Text()));
        leases.Record(call, EurekaOutcome.Done, now);
        Assert.Empty(leases.Due(wanted, now));
        wanted["t1"] = One;
        Assert.Equal(EurekaCallKind.Register, Assert.Single(leases.Due(wanted, now)).Kind);
    }
}
