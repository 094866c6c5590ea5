import httpx
import asyncio

class CustomFeaturePipeline:
    """Build custom features from streaming data."""

    def __init__(self, buffer_id: str = "custom-features"):
        self.buffer_id = buffer_id
        self.base_url = "http://localhost:14345/v1/ml/polars"
        self.client = httpx.AsyncClient()

    async def initialize(self, window_size: int = 500):
        """Create the buffer."""
        await self.client.post(f"{self.base_url}/buffers", json={
            "buffer_id": self.buffer_id,
            "window_size": window_size
        })

    async def add_data(self, data: dict | list):
        """Append data to buffer."""
        return await self.client.post(f"{self.base_url}/append", json={
            "buffer_id": self.buffer_id,
            "data": data
        })

    async def get_features(self, windows: list[int] = None) -> dict:
        """Get latest features."""
        resp = await self.client.post(f"{self.base_url}/features", json={
            "buffer_id": self.buffer_id,
            "rolling_windows": windows or [5, 10, 20],
            "include_lags": True,
            "lag_periods": [1, 2, 5],
            "tail": 1  # Just the latest row
        })
        result = resp.json()
        return result["data"][0] if result["rows"] > 0 else None

    async def get_raw_data(self, tail: int = 10) -> list:
        """Get recent raw data."""
        resp = await self.client.get(
            f"{self.base_url}/buffers/{self.buffer_id}/data",
            params={"tail": tail}
        )
        return resp.json()["data"]

    async def cleanup(self):
        """Delete buffer."""
        await self.client.delete(f"{self.base_url}/buffers/{self.buffer_id}")
        await self.client.aclose()


async def main():
    pipeline = CustomFeaturePipeline()
    await pipeline.initialize(window_size=1000)

    try:
        # Simulate streaming data
        import random
        for i in range(100):
            data = {
                "sensor_id": "temp-001",
                "value": 72 + random.gauss(0, 2),
                "timestamp": i
            }
            await pipeline.add_data(data)

            if i >= 20:  # Need enough data for features
                features = await pipeline.get_features()
                if features:
                    # Use features for your ML model
                    print(f"Sample {i}: rolling_mean_5={features.get('value_rolling_mean_5', 'N/A'):.2f}")

            await asyncio.sleep(0.1)

    finally:
        await pipeline.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
