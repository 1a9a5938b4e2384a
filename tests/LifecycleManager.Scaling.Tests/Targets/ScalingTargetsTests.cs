using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Tests.Targets;

public sealed class ScalingTargetsTests
{
    public static TheoryData<TargetOptions, string> Contradictions => new()
    {
        { new TargetOptions { Address = new Uri("ftp://x") }, "must begin with http, https" },
        { new TargetOptions { Address = new Uri("http://me:secret@x") }, "must not hold credentials" },
        { new TargetOptions { Address = new Uri("ftp://me:secret@x") }, "must not hold credentials" },
        { new TargetOptions { OtherAddresses = [new Uri("http://me:secret@x")] }, "must not hold credentials" },
        { new TargetOptions { User = "me" }, "belong together" },
        { new TargetOptions { TokenFile = "/does/not/exist" }, "does not exist" },
        { new TargetOptions { TokenFile = "/dev/null", User = "me", PasswordFile = "/dev/null" }, "not both" },
        { new TargetOptions { Kind = TargetKind.Kubernetes }, "needs an address" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Options_that_cannot_be_are_refused_at_once(TargetOptions options, string text)
    {
        var e = Assert.Throws<ArgumentException>(() => ScalingTargets.Complete(options));
        Assert.Contains(text, e.Message);
        Assert.DoesNotContain("secret@", e.Message);
    }
}
