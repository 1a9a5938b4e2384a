using LifecycleManager.Master.Registry;
using LifecycleManager.Storage;

namespace LifecycleManager.Master.Tests.Registry;

public sealed class RegistrySizeTests
{
    [Fact]
    public void It_is_the_sum_of_what_is_stored_now()
    {
        var size = new RegistrySize();
        size.Put("a", 10);
        size.Put("b", 5);
        size.Apply([new StateWrite("a", new byte[3]), new StateWrite("c", new byte[4])]);
        Assert.Equal(12, size.Bytes);
        size.Apply([StateWrite.Delete("b"), StateWrite.Delete("b"), StateWrite.Delete("unknown")]);
        Assert.Equal(7, size.Bytes);
    }
}
