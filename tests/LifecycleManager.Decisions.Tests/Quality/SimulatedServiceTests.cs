using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Decisions.Tests.Quality;

/// <summary>The service that autoscalers are measured with.</summary>
public sealed class SimulatedServiceTests
{
    private static readonly ServiceModel Model = new() { LeastStart = 20, MostStart = 20 };

    [Fact]
    public void Cpu_saturates_requests_wait_and_callers_give_up()
    {
        var service = new SimulatedService(Model, seed: 1, instances: 2);
        service.Step(100);
        Assert.Equal(0.1, service.Latency, 3); // half of the cpu: twice the service time
        Assert.Equal(0.03 + (0.97 * 0.5), service.Instances[0].CpuSeconds, 6);
        var lost = 0.0;
        for (var t = 0; t < 30; t++)
        {
            service.Step(300);
            lost += service.Lost;
        }

        // 100 a second too many; 10 s of the capacity wait.
        Assert.Equal((30 * 100) - (10 * 200), lost, 6);
        Assert.True(service.Latency > Model.Patience);
        Assert.Equal(30.515, service.Instances[0].CpuSeconds, 3);
    }

    [Fact]
    public void An_instance_serves_once_it_has_started_and_uses_its_cpu_until_then()
    {
        var service = new SimulatedService(Model, seed: 1, instances: 1);
        service.Step(50);
        service.Scale(2);
        var late = service.Instances[1];
        Assert.Equal((1 + Model.Placement, 1 + Model.Placement + 20), (late.StartedAt, late.ServesAt));
        while (service.Now < late.ServesAt - 1) service.Step(50);
        Assert.Equal((1, 19), (service.Serving, late.CpuSeconds));
        service.Step(50);
        Assert.Equal((2, 25), (service.Serving, late.Requests));
        service.Scale(1);
        Assert.DoesNotContain(late, service.Instances);
    }

    [Fact]
    public void With_nobody_there_all_is_lost()
    {
        var service = new SimulatedService(Model, seed: 1, instances: 0);
        service.Step(10);
        Assert.Equal((10, double.PositiveInfinity), (service.Lost, service.Latency));
    }
}
